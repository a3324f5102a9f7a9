"""Calls to Corbado, and what its answers mean."""
