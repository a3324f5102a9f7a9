"""The commands ``manage.py corbado_…``; each only parses arguments, loops, and prints."""

from __future__ import annotations
