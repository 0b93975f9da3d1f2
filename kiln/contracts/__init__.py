"""Contracts: the typed names by which orchestrators call activities, with their messages. base.py explains them."""
