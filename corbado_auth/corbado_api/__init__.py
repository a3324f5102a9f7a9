"""Calling Corbado's API, and parsing its responses."""
