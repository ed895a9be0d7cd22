"""Types of requests and responses."""
