"""Nouns of the ledger: values and rules that need no database, no server and no clock."""
