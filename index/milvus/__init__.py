"""The Milvus engine: a generation's passages in a collection of a Milvus server, a cluster, or Milvus Lite's file."""
