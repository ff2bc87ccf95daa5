"""Changing the corpus while it serves: what is accepted, the jobs that wait, and the process that does them."""
