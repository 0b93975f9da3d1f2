"""Guests that only pretend: instant, in-process machines whose behaviour a test scripts."""
