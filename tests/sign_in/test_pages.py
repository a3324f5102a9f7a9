"""The pages: each says what happened and what to do next, and offers the login page.

Their looks and their keyboard are judged in a browser; here, what every one of them must have.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from corbado_auth.sign_in.failures import STATUSES


class Outline(HTMLParser):
    """Collect what a page is made of."""

    VOID = frozenset({"meta", "link", "br", "input", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.texts.setdefault(self._open[-1], []).append(data.strip())


def failure(name: str) -> tuple[str, Outline]:
    request = RequestFactory().get("/corbado/redirect/")
    context = {"login_url": "/sign-in/", "second_factor_url": "/sign-in/"}
    html = render_to_string(f"corbado_auth/{name}.html", context, request)
    return html, Outline(html)


@pytest.mark.parametrize("name", STATUSES)
def test_a_failure_says_what_happened_and_what_to_do_and_offers_what_helps(name: str) -> None:
    _html, outline = failure(name)
    assert len(outline.texts["h1"]) == 1
    assert len(outline.texts["p"]) == 2
    assert all(text.endswith(".") for text in outline.texts["p"])
    links = [given.get("href") for tag, given in outline.attributes if tag == "a"]
    # Only the site knows where impersonation can be ended.
    assert ("/sign-in/" in links) == (name != "impersonating")


@pytest.mark.parametrize("name", STATUSES)
def test_a_page_names_itself_and_its_language_and_fits_a_phone(name: str) -> None:
    html, outline = failure(name)
    assert html.startswith("<!doctype html>")
    assert outline.texts["title"] == outline.texts["h1"]
    tags = dict(outline.attributes)
    assert tags["html"]["lang"] == "en"
    named = {given.get("name"): given.get("content") for _tag, given in outline.attributes}
    assert "width=device-width" in (named["viewport"] or "")


@pytest.mark.parametrize("name", STATUSES)
def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script(name: str) -> None:
    """Its URL has the token: a file that it loaded could learn it from the Referer."""
    html, outline = failure(name)
    assert "script" not in {tag for tag, _given in outline.attributes}
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html)


@pytest.mark.parametrize("name", STATUSES)
def test_a_page_repeats_nothing_of_its_address(name: str) -> None:
    request = RequestFactory().get("/corbado/redirect/", {"corbadoAuthToken": "canary"})
    context: dict[str, Any] = {"login_url": "/sign-in/"}
    assert "canary" not in render_to_string(f"corbado_auth/{name}.html", context, request)


def test_a_site_overrides_one_template_or_the_base_of_all(settings: Any, tmp_path: Path) -> None:
    folder = tmp_path / "corbado_auth"
    folder.mkdir()
    base = "<title>Ours</title><b>Ours</b>{% block content %}{% endblock %}"
    (folder / "base.html").write_text(base)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    html, _outline = failure("invalid_token")
    assert "<b>Ours</b>" in html
    assert "has been used or has expired" in html
