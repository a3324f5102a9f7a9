"""Names that people recognise for browsers, from the User-Agent header."""

from __future__ import annotations

import re

__all__ = ["describe"]

# The first match counts: many browsers also claim to be another one.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR|Opera", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("FxiOS|Firefox", "Firefox"),
    ("CriOS|Chrom(?:e|ium)", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def describe(user_agent: str) -> tuple[str, str]:
    """Return the names of browser and system; each may be empty."""
    return _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, text)), "")
