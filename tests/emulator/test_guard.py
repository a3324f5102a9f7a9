"""Any web page can send requests to loopback: which ones are answered, and what a page may read."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator, EmulatorConfig
from corbado_auth.emulator.config import ConfigError
from tests.emulator.clients import SITE, Browser
from tests.emulator.conftest import NewEmulator

pytestmark = pytest.mark.security

CONFIG = "/v1/projects/projectConfig"
CONTROL = ("state", "requests", "emails")
EVIL = "http://evil.example"


def _get(emulator: Emulator, path: str, **headers: str) -> requests.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(emulator.url + path, headers=names, timeout=10, allow_redirects=False)


def _post(emulator: Emulator, path: str, json: Any = None, **headers: str) -> requests.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(emulator.url + path, json=json or {}, headers=names, timeout=10)


@pytest.mark.parametrize(
    "path", ["/", "/auth.js", "/_emulator/", "/_emulator/state", CONFIG, "/v1/users"]
)
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:80a", "[::2]", ""]
)
def test_a_page_that_rebound_its_name_gets_nothing(
    emulator: Emulator, path: str, host: str
) -> None:
    response = _get(emulator, path, Host=host)
    # An empty Host is no Host: requests sends none, and the server refuses it, too.
    assert response.status_code in {400, 421}
    assert "data" not in response.text


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:9000", "LOCALHOST"])
def test_loopback_has_several_names(emulator: Emulator, host: str) -> None:
    assert _get(emulator, CONFIG, Host=host).status_code == 200


def test_a_further_name_can_be_given(new_emulator: NewEmulator) -> None:
    named = new_emulator(host_names=("Corbado.test",))
    assert _get(named, CONFIG, Host="corbado.test:9000").status_code == 200
    assert _get(named, CONFIG, Host="test").status_code == 421


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://localhost:8001", "https://localhost:8000"]
)
def test_a_foreign_page_cannot_call_the_frontend_api(emulator: Emulator, origin: str) -> None:
    response = _get(emulator, CONFIG, Origin=origin)
    assert (response.status_code, response.json()["error"]["type"]) == (403, "invalid_origin")
    assert "Access-Control-Allow-Origin" not in response.headers


def test_the_sites_page_may_read_the_answer(browser: Browser) -> None:
    headers = browser.get(CONFIG).headers
    assert headers["Access-Control-Allow-Origin"] == SITE
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Vary"] == "Origin"


def test_the_sites_page_may_read_errors_too(browser: Browser) -> None:
    answer = browser.post("/v1/users/authmethods", {"username": "nobody@example.com"})
    assert answer.headers["Access-Control-Allow-Origin"] == SITE


def test_a_preflight_lists_what_the_component_sends(emulator: Emulator) -> None:
    response = requests.options(emulator.url + CONFIG, headers={"Origin": SITE}, timeout=10)
    assert (response.status_code, response.text) == (204, "")
    assert set(response.headers["Access-Control-Allow-Methods"].split(",")) >= {"PUT", "DELETE"}
    allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "x-corbado-wc-version"} <= set(allowed)


def test_a_foreign_preflight_learns_nothing(emulator: Emulator) -> None:
    response = requests.options(emulator.url + CONFIG, headers={"Origin": EVIL}, timeout=10)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_the_backend_api_is_for_no_page(emulator: Emulator) -> None:
    headers = {"Origin": SITE}
    auth = (emulator.config.project_id, emulator.config.api_secret)
    response = requests.get(emulator.url + "/v1/users", headers=headers, auth=auth, timeout=10)
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_origin_of_another_project_is_foreign(emulator: Emulator, browser: Browser) -> None:
    emulator.control.project.save_config({"applicationUrl": "http://shop.example.com/in/"})
    headers = {"Origin": "http://shop.example.com"}
    assert browser.get(CONFIG, headers=headers).status == 200
    headers["X-Corbado-ProjectID"] = "pro-2"
    assert browser.get(CONFIG, headers=headers).error == "invalid_origin"


def test_an_unknown_project_is_not_found(browser: Browser) -> None:
    assert browser.get(CONFIG, headers={"X-Corbado-ProjectID": "pro-9"}).status == 404


def test_origins_can_be_added(new_emulator: NewEmulator) -> None:
    other = new_emulator(origins=("https://login.example.com",))
    assert _get(other, CONFIG, Origin="https://login.example.com").status_code == 200


@pytest.mark.parametrize("route", CONTROL)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": SITE},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=["foreign", "site", "null", "cross-site", "same-site"],
)
def test_no_other_page_reads_the_state(
    emulator: Emulator, route: str, headers: dict[str, str]
) -> None:
    assert _get(emulator, f"/_emulator/{route}", **headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": EVIL}, {"Origin": SITE}, {"Sec_Fetch_Site": "same-site"}],
    ids=["foreign", "site", "same-site"],
)
@pytest.mark.parametrize("route", ["reset", "users", "tokens", "clock", "failures", "rate-limit"])
def test_no_other_page_changes_the_state(
    emulator: Emulator, route: str, headers: dict[str, str]
) -> None:
    before = emulator.control.revision
    assert _post(emulator, f"/_emulator/{route}", **headers).status_code == 403
    assert emulator.control.revision == before


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_can_send_changes_nothing(emulator: Emulator, type_: str) -> None:
    emulator.control.add_user("ada@example.com")
    response = requests.post(
        f"{emulator.url}/_emulator/reset", b"{}", headers={"Content-Type": type_}, timeout=10
    )
    assert response.status_code == 415
    assert len(emulator.control.project.store.users) == 1


def test_its_own_page_may_look_and_turn(emulator: Emulator) -> None:
    own = {"Origin": emulator.url, "Sec_Fetch_Site": "same-origin"}
    assert _get(emulator, "/_emulator/state", **own).status_code == 200
    assert _post(emulator, "/_emulator/reset", **own).status_code == 200


def test_no_other_site_reads_or_frames_the_page(emulator: Emulator) -> None:
    headers = _get(emulator, "/_emulator/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/auth/../../x.js",
    ],
)
def test_files_outside_are_out_of_reach(emulator: Emulator, path: str) -> None:
    with requests.Session() as http:
        prepared = http.prepare_request(requests.Request("GET", emulator.url))
        prepared.url = emulator.url + path
        assert http.send(prepared, timeout=10).status_code == 404


def test_it_sets_no_cookie(browser: Browser, emulator: Emulator) -> None:
    """Cookies ignore ports: one of ours would reach the site (API notes 4.1)."""
    browser.sign_up("ada@example.com")
    _get(emulator, "/_emulator/")
    assert not browser.http.cookies


@pytest.mark.parametrize("host", [str(IPv4Address(0)), "192.0.2.1", "::", "example.com"])
def test_other_machines_must_be_let_in_twice(host: str) -> None:
    with pytest.raises(ConfigError, match="--expose"):
        EmulatorConfig(host=host)
    assert EmulatorConfig(host=host, expose=True).host == host


@pytest.mark.parametrize(
    "config",
    [
        {"project_id": ""},
        {"api_secret": ""},
        {"redirect_url": "http://localhost:port/"},
        {"application_url": "ftp://localhost/"},
        {"webhook_url": "//localhost/"},
        {"origins": ("http://localhost/",)},
    ],
    ids=lambda config: next(iter(config)),
)
def test_a_config_without_sense_is_refused(config: Any) -> None:
    with pytest.raises(ConfigError):
        EmulatorConfig(**config)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_second_word(host: str) -> None:
    assert EmulatorConfig(host=host).host == host
