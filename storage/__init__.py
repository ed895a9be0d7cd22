"""Postgres and nothing else: every statement the product sends stands in this package."""
