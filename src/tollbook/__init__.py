"""Tollbook: a usage and cost ledger for communications platforms."""

__version__ = "0.1.0"
