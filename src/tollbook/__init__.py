"""Tollbook: the usage and cost ledger of a communications platform."""

__version__ = "0.1.0"
