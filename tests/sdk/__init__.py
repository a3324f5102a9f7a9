"""Corbado's own SDKs as clients of the emulator."""

from __future__ import annotations
