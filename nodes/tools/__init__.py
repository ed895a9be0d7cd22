"""What employees can look up and compute: each figure comes from SQL over the user's own rows, and can be opened."""
