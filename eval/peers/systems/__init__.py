"""One module a system, run by the Python that has it: `eval.peers.runner` says what each must do."""
