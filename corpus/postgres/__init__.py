"""The corpus in PostgreSQL, through psycopg; install ``karani[postgres]``. Imported only where it is configured."""
