"""What begins and ends a run, a submission or a deletion, whoever asked for it: HTTP, an event or a timer.

It starts orchestrations by their contracts, through the `Orchestrations` that its callers hand to it; it knows neither
HTTP nor Durable Functions.
"""
