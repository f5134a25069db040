"""Generates parts of the TypeScript client."""
