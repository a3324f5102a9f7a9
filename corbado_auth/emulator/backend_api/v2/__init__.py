"""Serve the part of Corbado's backend API v2 that Connect sites use (API notes C.3)."""

from __future__ import annotations

from corbado_auth.emulator.backend_api.v2 import (
    connect_config,
    connect_tokens,
    signed_data,
    users,
    webhook_endpoints,
)

ROUTES = (
    *signed_data.ROUTES,
    *connect_tokens.ROUTES,
    *connect_config.ROUTES,
    *users.ROUTES,
    *webhook_endpoints.ROUTES,
)
