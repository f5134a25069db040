"""The write path: decode a body, accept its events, commit them, return receipts."""
