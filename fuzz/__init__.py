"""Test everything that reads outside data with millions of malformed inputs: `make fuzz`."""
