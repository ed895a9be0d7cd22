"""The HTTP server: its processes, and limits on what clients send."""
