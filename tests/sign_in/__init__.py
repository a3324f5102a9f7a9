"""Signing in: the redirect view, its pages, and what stands around them."""
