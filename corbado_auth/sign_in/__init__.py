"""Signing in and out through the Redirect URL."""
