"""Measuring retrieval: query sets, runs, measures, significance, reports."""
