"""Price books as they are written: YAML and decks, one table of fields, comparison."""
