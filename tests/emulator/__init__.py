"""The emulator over real HTTP, judged by Corbado's own descriptions where they are at hand."""

from __future__ import annotations
