"""The judging page: a small application over one pool and the store of judgements."""
