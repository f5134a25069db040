"""Call and message records of switches and carriers, and the events that they become."""
