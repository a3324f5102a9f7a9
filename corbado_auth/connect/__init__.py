"""Corbado Connect: its component on the site's own pages, and the results of its callbacks."""
