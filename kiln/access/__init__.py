"""Authentication and authorization of callers: Entra ID's tokens, app roles, and grants by scope.

Without configuration nobody is let in. This package knows neither HTTP responses nor routes: triggers/, the API's edge,
translates and enforces.
"""
