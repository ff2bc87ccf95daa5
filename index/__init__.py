"""From passages to hits: encoders, FAISS, lexical search, fusion, answers, generations."""
