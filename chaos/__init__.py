"""Test faults of machines, databases and clients against a real server under load."""
