"""What becomes of stored data later: archived, and a person's taken out of it."""
