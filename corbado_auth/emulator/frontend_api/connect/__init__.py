"""Serve the eleven calls of Corbado Connect's component (API notes C.2.2)."""

from __future__ import annotations

from corbado_auth.emulator.frontend_api.connect import append, login, manage, processes

ROUTES = (*login.ROUTES, *append.ROUTES, *manage.ROUTES, *processes.ROUTES)
