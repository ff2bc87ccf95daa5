"""Several processes that serve together: one listening socket, shared counts, one that starts them anew."""
