"""Serve Corbado's backend API v1: what a site's server calls, with HTTP Basic."""

from __future__ import annotations

from corbado_auth.emulator.backend_api import (
    association_tokens,
    auth_tokens,
    email_links,
    passkeys,
    project_config,
    user_emails,
    users,
)

ROUTES = (
    *auth_tokens.ROUTES,
    *users.ROUTES,
    *user_emails.ROUTES,
    *passkeys.ROUTES,
    *association_tokens.ROUTES,
    *email_links.ROUTES,
    *project_config.ROUTES,
)
