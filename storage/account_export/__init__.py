"""Everything stored about a user as lines of JSON: export, validation and import."""
