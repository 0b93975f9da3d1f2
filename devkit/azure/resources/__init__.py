"""Subscriptions and resource groups of the local Azure."""
