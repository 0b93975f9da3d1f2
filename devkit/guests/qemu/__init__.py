"""Guests that are real machines: QEMU, warm-started from a Debian image that is built here."""
