"""Around every request: who calls, from where, how often, and what is told of it."""
