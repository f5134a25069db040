"""The values and rules of the ledger; they need no database, server or clock."""
