"""The user's documents, accounts, transactions and plans: exact amounts, each in its own currency."""
