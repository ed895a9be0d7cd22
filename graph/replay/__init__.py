"""Record a turn and run it again offline."""
