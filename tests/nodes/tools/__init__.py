"""Tools of employees."""
