"""HTTP: bytes in, bytes out; no SQL and no arithmetic."""
