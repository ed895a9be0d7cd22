"""Middleware and hooks around every request."""
