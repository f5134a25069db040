"""A table as bytes: one file for each format."""
