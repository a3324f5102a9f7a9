"""The credentials with which Corbado calls the webhooks of the test site."""

from __future__ import annotations

import base64

CREDENTIALS = "webhooks:made-up-password-of-the-tests"
PROJECT_ID = "pro-1234567890"


def basic(credentials: str) -> str:
    """Return the Authorization header for ``user:password``."""
    return "Basic " + base64.b64encode(credentials.encode()).decode()
