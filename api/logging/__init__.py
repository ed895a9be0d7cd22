"""Set up the log, and keep user text and secrets out of it."""
