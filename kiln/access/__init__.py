"""Who asks, and what they may do: Entra ID's tokens, app roles, and grants by scope. Closed unless it is configured.

It knows nothing of HTTP's answers and of what is asked for: the API's edge, triggers/, translates and enforces.
"""
