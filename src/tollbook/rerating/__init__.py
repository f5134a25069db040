"""Charging the past again: what would change, runs that change it, and taking them back."""
