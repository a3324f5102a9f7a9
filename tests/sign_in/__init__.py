"""Signing in: the redirect view, its pages, and what surrounds them."""
