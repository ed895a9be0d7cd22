"""Who is asking: bearer tokens, or local mode's session cookie."""
