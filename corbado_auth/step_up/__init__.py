"""Asking a signed-in person to sign in again before a sensitive action."""
