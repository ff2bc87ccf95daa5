"""The web pages: search, cases, documents, the page viewer, provinces. Complete without JavaScript."""
