"""The dashboard: plain ES modules and styles, served as they are, which use /v1 only."""
