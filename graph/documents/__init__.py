"""Documents: files that users send, and what is read from them."""
