"""What becomes of quarantined events: runs that replay or discard them."""
