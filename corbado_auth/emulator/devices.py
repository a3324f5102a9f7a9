"""Name browser and operating system; Corbado's own wording is INFERRED 25."""

from __future__ import annotations

BROWSERS = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


# Edge and Chrome also claim to be Safari, and Android to be Linux: the first match counts.
def browser_name(user_agent: str) -> str:
    return next((name for mark, name in BROWSERS if mark in user_agent), "")


def system_name(user_agent: str) -> str:
    return next((name for mark, name in SYSTEMS if mark in user_agent), "")
