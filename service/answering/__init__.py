"""Answers in sentences: written by an endpoint of the operator's choice, checked here, off by default.

A question's way: ``routes`` → ``writing`` (search, then) → ``prompt`` → ``upstream`` (the endpoint's
words) → ``sentences`` → ``checking`` → the reader. Whatever fails on that way, the extractive
answer of `index.answers` stands.
"""
