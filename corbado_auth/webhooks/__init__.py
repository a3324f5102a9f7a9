"""Webhooks: requests from Corbado to the site."""
