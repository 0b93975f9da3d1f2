"""The doctor: finds what is wrong with Kiln and with what it depends on, and says how to fix it."""
