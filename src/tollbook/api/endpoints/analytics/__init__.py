"""The questions of analytics: a file for each, and what they share."""
