"""Care of a data directory: what is wrong with it, what can be mended, copies of it and the way back."""
