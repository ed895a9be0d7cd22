"""Authentication: bearer tokens, or session cookies in local mode."""
