"""What a server does beside its requests: health, metrics, upkeep."""
