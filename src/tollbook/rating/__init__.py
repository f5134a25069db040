"""Rating: from an event and a price book to a charge, by arithmetic alone."""
