"""What Tollbook does in a second, in how much memory and on how much disk: `make bench`."""
