"""A typed client in one file without dependencies; `karani_client.py` may be copied alone into another project."""
