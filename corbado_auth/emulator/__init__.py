"""Stand in for Corbado's backend and frontend API, on this machine and offline.

Knows Corbado's wire and nothing of the rest of the package, so that it cannot agree with the
client's mistakes. `SUPPORTED.md` says what is emulated, how faithfully, and how we know. Start it
with `manage.py corbado_emulator`, with `python -m corbado_auth.emulator`, or in a test with the
fixture `corbado` of `corbado_auth.testing`.
"""

from __future__ import annotations

from corbado_auth.emulator.config import EmulatorConfig
from corbado_auth.emulator.server import Emulator

__all__ = ["Emulator", "EmulatorConfig"]
