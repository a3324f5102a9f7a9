"""Serve Corbado's frontend API v1: the 22 calls of the web component 1.0.73 (API notes 4.2)."""

from __future__ import annotations

from corbado_auth.emulator.frontend_api import (
    email_links,
    passkeys,
    passwords,
    project,
    sessions,
    sign_up,
)

ROUTES = (
    *project.ROUTES,
    *passwords.ROUTES,
    *sign_up.ROUTES,
    *passkeys.ROUTES,
    *email_links.ROUTES,
    *sessions.ROUTES,
)
