"""PostgreSQL: the server engine."""
