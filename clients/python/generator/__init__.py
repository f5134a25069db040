"""Writes the generated modules of the client from the server's OpenAPI document."""
