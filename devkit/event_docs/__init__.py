"""JSON Schemas and examples of Kiln's events, which docs/events.md and docs/events/ are made of."""
