"""Routing of messages to employees: a trained classifier, and keyword rules for when no embedding is available."""
