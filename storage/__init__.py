"""Everything that speaks to Postgres: each SQL statement of the program is in this package."""
