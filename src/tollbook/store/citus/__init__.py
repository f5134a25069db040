"""Citus: PostgreSQL that divides its tables over several servers."""
