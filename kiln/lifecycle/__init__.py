"""The lifecycle of runs, submissions and deletions: how each begins and ends, whether HTTP, an event or a timer asks.

It starts orchestrations by their contracts, through the `Orchestrations` that its callers pass in; it knows neither
HTTP nor Durable Functions.
"""
