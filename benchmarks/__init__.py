"""Measure the speed, memory and disk space of Tollbook: `make bench`."""
