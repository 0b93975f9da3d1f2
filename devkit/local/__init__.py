"""Kiln on one machine: Azurite, the local Azure and the local Functions host, started and stopped as one.

It must not know what the app does, nor how the parts work inside: each is a process with a readiness line.
"""
