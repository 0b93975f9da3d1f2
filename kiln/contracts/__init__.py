"""Contracts: the typed names by which orchestrators call activities, each beside its messages; base.py says how."""
