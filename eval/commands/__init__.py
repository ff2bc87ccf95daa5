"""The ``karani eval`` commands: one module each, with ``add`` for its options and ``execute`` for its work."""
