"""Faults that real machines and real clients produce, against a real server under load."""
