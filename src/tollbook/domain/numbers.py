"""The number formats of organizations."""

STRICT = "strict"
"""Only digits in international notation are a number: with `+`, or with `00` instead."""
INTERNATIONAL = "international"
"""Digits without `+` are read as with it. Any other format is an ISO 3166 country code."""
