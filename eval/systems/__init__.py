"""What can be measured: an engine in this process, a run made elsewhere, a search behind HTTP."""
