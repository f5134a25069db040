"""The Python client, and the generator of its sources."""
