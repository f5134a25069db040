"""Notify people: one worker looks for what happened, and delivers it."""
