"""Reading files as they grow and rotate, from where the last import ended."""
