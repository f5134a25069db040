"""Everything that reads what strangers write, in the order in which it is tried."""

from fuzz import of_books, of_events, of_texts

TARGETS = (*of_events.TARGETS, *of_books.TARGETS, *of_texts.TARGETS)
