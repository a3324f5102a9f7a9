"""Passkeys of a signed-in user."""
