"""All targets, in the order in which they run."""

from fuzz import of_books, of_events, of_texts

TARGETS = (*of_events.TARGETS, *of_books.TARGETS, *of_texts.TARGETS)
