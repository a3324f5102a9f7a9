"""Behind a proxy that terminates TLS, browsers find the emulator under another host name."""

from __future__ import annotations

import pytest
import requests

from corbado_auth.emulator import Emulator, EmulatorConfig, cli
from corbado_auth.emulator.config import ConfigError
from tests.emulator.conftest import NewEmulator

PUBLIC = "https://corbado.example.test"
HOST = "corbado.example.test"


@pytest.fixture
def proxied(new_emulator: NewEmulator) -> Emulator:
    return new_emulator(public_url=PUBLIC)


def test_the_project_config_names_the_public_url(proxied: Emulator) -> None:
    config = proxied.config
    answer = requests.get(
        f"{proxied.url}/v1/projectConfig", auth=(config.project_id, config.api_secret), timeout=10
    )
    assert answer.json()["data"]["frontendAPIUrl"] == PUBLIC
    assert proxied.url.startswith("http://127.0.0.1:")


def test_the_operator_is_told_that_others_can_reach_it(proxied: Emulator) -> None:
    """It listens on loopback alone, and the proxy hands everyone on."""
    said: list[str] = []
    cli._greet(proxied, said.append)
    assert any(line.startswith("WARNING: other machines can reach the emulator") for line in said)


def test_it_answers_to_the_public_name(proxied: Emulator) -> None:
    path = f"{proxied.url}/v1/projects/projectConfig"
    assert requests.get(path, headers={"Host": HOST}, timeout=10).status_code == 200
    assert requests.get(path, headers={"Host": "example.test"}, timeout=10).status_code == 421


def test_its_page_may_turn_the_controls_from_there(proxied: Emulator) -> None:
    own = {"Host": HOST, "Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}
    answer = requests.post(f"{proxied.url}/_emulator/reset", json={}, headers=own, timeout=10)
    assert answer.status_code == 200


@pytest.mark.security
@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (f"http://{HOST}", "cross-site"),
        ("https://shop.example.test", "same-site"),
        (f"{PUBLIC}:8443", "same-site"),
    ],
)
def test_no_other_page_may(proxied: Emulator, origin: str, site: str) -> None:
    other = {"Host": HOST, "Origin": origin, "Sec-Fetch-Site": site}
    answer = requests.post(f"{proxied.url}/_emulator/reset", json={}, headers=other, timeout=10)
    assert answer.status_code == 403


@pytest.mark.parametrize("url", ["corbado.example.test", f"{PUBLIC}/api", "ftp://example.test"])
def test_what_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="public URL"):
        EmulatorConfig(public_url=url)
