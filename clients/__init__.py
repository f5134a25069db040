"""Client libraries, and the generators of their sources."""
