"""Sign in with Corbado (passkeys, email magic links) on Django's own users and sessions."""

from __future__ import annotations

__version__ = "0.1.0"
