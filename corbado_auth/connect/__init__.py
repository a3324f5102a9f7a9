"""Corbado Connect: the component on the site's own pages, and what its callbacks bring."""
