"""Stand-ins that the tests talk to over real connections."""
