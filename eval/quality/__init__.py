"""The table of what retrieval reaches, against what it should: one module for each family of rows."""
