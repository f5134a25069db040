"""Health, metrics and maintenance of a server."""
