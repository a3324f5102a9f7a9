"""channels, under daphne and under uvicorn: a websocket knows who has signed in by a passkey."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from corbado_auth.testing import Corbado
from tests.support.front_door import FROM_LOGIN_PAGE
from tests.support.processes import Process, free_port, listens
from tests.support.worker import ROOT

APPLICATION = "tests.support.websocket_site:application"
SERVERS = {
    "daphne": ["daphne", "--bind=127.0.0.1", "--port={port}", APPLICATION],
    "uvicorn": ["uvicorn", "--port={port}", "--lifespan=off", APPLICATION],
}


@pytest.fixture(params=sorted(SERVERS))
def site(request: pytest.FixtureRequest, tmp_path: Path, corbado: Corbado) -> Iterator[str]:
    """Serve the test site as a deployment does, and return where."""
    own = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "site.sqlite3")}
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.settings.channels",
        "WORKER_DATABASE": json.dumps(own),
        "WORKER_CORBADO_SETTINGS": json.dumps(dict(corbado.settings)),
    }
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
    subprocess.run(migrate, cwd=ROOT, env={**os.environ, **env}, check=True)
    port = free_port()
    command = [each.format(port=port) for each in SERVERS[request.param]]
    server = Process([sys.executable, "-m", *command], tmp_path / "log", lambda: listens(port), env)
    yield f"127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as browser:
        browser.trust_env = False
        yield browser


def sign_in(browser: requests.Session, site: str, token: str) -> requests.Response:
    login = f"http://{site}/corbado/login/"
    browser.get(login, params={"next": "/account/"})
    return browser.get(
        f"http://{site}/corbado/redirect/",
        params={"corbadoAuthToken": token},
        headers={**FROM_LOGIN_PAGE, "referer": login},
        allow_redirects=False,
    )


def open_websocket(browser: requests.Session, site: str, origin: str = "") -> ClientConnection:
    """Open a websocket with the cookies of a browser."""
    cookies = "; ".join(f"{each.name}={each.value}" for each in browser.cookies)
    return connect(
        f"ws://{site}/greeting/",
        origin=Origin(origin or f"http://{site}"),
        additional_headers={"Cookie": cookies},
        proxy=None,
    )


def greeting(browser: requests.Session, site: str) -> str:
    """Return what a new websocket hears first."""
    with open_websocket(browser, site) as socket:
        return str(socket.recv(timeout=60))


@pytest.mark.django_db
def test_a_websocket_sees_the_person_until_they_sign_out(
    site: str, browser: requests.Session, corbado: Corbado
) -> None:
    assert greeting(browser, site) == "Nobody"
    token = corbado.issue_token(corbado.add_user("robin@example.com"))
    answer = sign_in(browser, site, token)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/account/"
    assert greeting(browser, site) == "robin@example.com"
    old: Any = browser.cookies.copy()
    with open_websocket(browser, site) as still_open:
        assert still_open.recv(timeout=60) == "robin@example.com"
        browser.get(f"http://{site}/corbado/passkeys/")
        csrf = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert browser.post(f"http://{site}/corbado/logout/", data=csrf).ok
        assert greeting(browser, site) == "Nobody"
        # One that was open knows nothing of it, as after any sign-out; the docs say so.
        still_open.send("Who?")
        assert still_open.recv(timeout=60) == "robin@example.com"
    # A copy of the cookies from before opens nothing.
    browser.cookies = old
    assert greeting(browser, site) == "Nobody"
    # Nor does a page of another origin get one, whatever cookies the browser has.
    refused = pytest.raises(InvalidStatus)
    with refused, open_websocket(browser, site, origin="https://evil.example"):
        pass
