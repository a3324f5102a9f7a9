"""The files that the emulator serves: the component, its modules, and its own page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

import corbado_auth.emulator
from corbado_auth.emulator import Emulator

STATIC = Path(corbado_auth.emulator.__file__).parent / "static"
MODULES = sorted(f"/static/{path.relative_to(STATIC)}" for path in STATIC.glob("*/*.js"))


def _get(emulator: Emulator, path: str, method: str = "GET") -> requests.Response:
    return requests.request(method, emulator.url + path, timeout=10, allow_redirects=False)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/auth.js", "text/javascript"),
        ("/connect/web-js.js", "text/javascript"),
        ("/_emulator/", "text/html"),
        ("/_emulator/emulator.css", "text/css"),
        ("/_emulator/emulator.js", "text/javascript"),
        *((module, "text/javascript") for module in MODULES),
    ],
)
def test_every_file_has_its_type(emulator: Emulator, path: str, kind: str) -> None:
    response = _get(emulator, path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_every_module_that_is_imported_is_served(emulator: Emulator) -> None:
    for path in [*MODULES, "/_emulator/emulator.js"]:
        for name in re.findall(r'from "([^"]+)"', _get(emulator, path).text):
            address = requests.compat.urljoin(emulator.url + path, name)
            assert requests.get(address, timeout=10).status_code == 200, (path, name)


@pytest.mark.parametrize("path", ["/", "/_emulator"])
def test_the_way_in_leads_to_the_page(emulator: Emulator, path: str) -> None:
    response = _get(emulator, path)
    assert (response.status_code, response.headers["Location"]) == (302, "/_emulator/")


@pytest.mark.parametrize("path", ["/favicon.ico", "/static/auth/no_such.js", "/static/app.py"])
def test_another_file_is_not_found(emulator: Emulator, path: str) -> None:
    assert _get(emulator, path).status_code == 404


def test_files_can_only_be_read(emulator: Emulator) -> None:
    assert _get(emulator, "/auth.js", "POST").status_code == 405


def test_head_has_a_length_and_no_body(emulator: Emulator) -> None:
    response = _get(emulator, "/auth.js", "HEAD")
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) > 0
    assert response.content == b""


@pytest.mark.parametrize("path", ["/auth.js", "/connect/web-js.js"])
def test_a_page_of_any_site_may_load_the_component(emulator: Emulator, path: str) -> None:
    headers = _get(emulator, path).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.security
def test_the_page_runs_nothing_inline(emulator: Emulator) -> None:
    html = _get(emulator, "/_emulator/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=|javascript:", html)
