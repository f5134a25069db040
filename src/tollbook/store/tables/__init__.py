"""The tables, their columns and keys."""
