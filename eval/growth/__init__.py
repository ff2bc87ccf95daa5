"""How building and answering grow with the corpus: ``make growth``."""
