"""What a page says: to the eye, to a screen reader, in its title and to its scripts."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

ATTRIBUTES = frozenset(
    {
        "alt",
        "aria-description",
        "aria-label",
        "data-failed",
        "data-not-ready",
        "placeholder",
        "title",
    }
)
NOT_SHOWN = frozenset({"script", "style"})
VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "line", "rect"})


class Visible(HTMLParser):
    """Collect the texts of a page, in their order; ``lang`` is the language that it says it has."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.lang = ""
        self._hidden: list[str] = []
        if response["Content-Type"].startswith("text/html"):
            self.feed(response.content.decode())
            self.close()
        else:
            self.texts.append(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag in NOT_SHOWN:
            self._hidden.append(tag)
        self.texts += [given[name] for name in given if name in ATTRIBUTES]
        if tag == "input" and given.get("type") in {"submit", "button", "reset"}:
            self.texts.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in NOT_SHOWN:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(data)
