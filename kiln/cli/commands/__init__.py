"""The work of the commands, one module for each; main.py declares their arguments."""
