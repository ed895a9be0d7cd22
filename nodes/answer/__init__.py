"""How an answer comes out of a model and into the stream."""
