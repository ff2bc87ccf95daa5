"""Karani measured beside other search libraries in one run: ``make bench``."""
