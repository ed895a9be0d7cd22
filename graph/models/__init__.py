"""The chat models and the embedding models."""
