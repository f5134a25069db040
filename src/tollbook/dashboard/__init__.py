"""The dashboard: plain ES modules and styles, which use /v1 only."""
