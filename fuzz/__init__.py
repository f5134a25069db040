"""Inputs that nobody would send, made by the million, for everything that reads: `make fuzz`."""
