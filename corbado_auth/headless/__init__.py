"""A JSON API for front ends and apps that have pages of their own; include ``headless.urls``."""
