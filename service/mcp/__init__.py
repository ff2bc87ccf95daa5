"""The corpus for assistants: tools, resources and a prompt over the Model Context Protocol.

``from mcp …`` inside this folder is always the official SDK: imports here are absolute.
"""
