"""Documents, accounts, transactions and plans."""
