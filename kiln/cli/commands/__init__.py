"""What each command does, one module for each; main.py declares their arguments."""
