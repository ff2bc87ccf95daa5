"""Reports of results: one HTML file that needs no network, Markdown, and JSON."""
