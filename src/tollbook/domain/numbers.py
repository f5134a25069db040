"""How an organization writes telephone numbers: its number format."""

STRICT = "strict"
"""Only what is written internationally is a number: with `+`, or with `00` for it."""
INTERNATIONAL = "international"
"""Digits without `+` mean what they mean with it. Any other format is an ISO 3166 country code."""
