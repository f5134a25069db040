"""The page: plain ES modules and styles, served as they stand here; it speaks to /v1 only."""
