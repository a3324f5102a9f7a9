"""Do what `manage.py corbado_…` says; each command only parses, loops, and prints."""

from __future__ import annotations
