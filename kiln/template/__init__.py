"""The template language: AIB's image template as models, and the problems that a body can have."""
