"""Emulate Corbado's backend and frontend APIs on this machine, offline.

This package imports nothing from the rest of corbado_auth, so it cannot share the client's
mistakes. ``SUPPORTED.md`` says what is emulated, how faithfully, and how we know. Start it
with ``manage.py corbado_emulator``, with ``python -m corbado_auth.emulator``, or in a test with the
fixture ``corbado`` of ``corbado_auth.testing``.
"""

# ruff: noqa: E402 - dependencies are checked first, so that the error says what to install
from __future__ import annotations

from importlib.util import find_spec

for _needed in ("werkzeug", "webauthn"):
    if find_spec(_needed) is None:
        raise ModuleNotFoundError(
            "The emulator needs more packages: pip install 'django-corbado-auth[emulator]'",
            name=_needed,
        )

from corbado_auth.emulator.config import EmulatorConfig
from corbado_auth.emulator.server import Emulator

__all__ = ["Emulator", "EmulatorConfig"]
