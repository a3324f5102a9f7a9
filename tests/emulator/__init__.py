"""The emulator over real HTTP, compared with Corbado's own descriptions where available."""

from __future__ import annotations
