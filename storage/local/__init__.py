"""The embedded Postgres and the processes that keep it running."""
