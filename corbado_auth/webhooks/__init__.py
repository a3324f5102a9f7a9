"""Requests that Corbado makes to the site."""
