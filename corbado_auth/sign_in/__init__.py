"""Signing in and out by way of the Redirect URL."""
