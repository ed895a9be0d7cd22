"""A made-up household: its payments, its papers, and how an account is filled with it."""
