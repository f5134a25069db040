"""Read events from message brokers."""
