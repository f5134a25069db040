"""Read-only tools for agents, over the Model Context Protocol: a client of a running server."""
