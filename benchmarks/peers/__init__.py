"""The same question and the same ingest in what a user would build or pick instead of Tollbook."""
