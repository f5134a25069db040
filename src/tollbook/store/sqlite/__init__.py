"""SQLite: the embedded engine."""
