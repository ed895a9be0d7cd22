"""Doors: the protocols of other people's clients. Each sends messages and reads events as `POST /chat` does."""
