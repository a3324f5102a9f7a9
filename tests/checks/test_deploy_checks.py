"""What manage.py check --deploy asks in addition."""

from __future__ import annotations

from typing import Any

import pytest

from corbado_auth.checks import ids
from tests.checks.test_checks import found, messages

DEPLOYED = {
    "proxy-ends-tls": (
        ids.PROXY_UNNAMED,
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
    ),
    "proxy-names-the-host": (ids.PROXY_UNNAMED, {"USE_X_FORWARDED_HOST": True}),
    "backend-loopback": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_BACKEND_API_URL": "http://127.0.0.1:9000"},
    ),
    "backend-loopback-v6": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_BACKEND_API_URL": "http://[::1]:9000"},
    ),
    "backend-private": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_BACKEND_API_URL": "https://10.1.2.3"},
    ),
    "backend-elsewhere": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_BACKEND_API_URL": "https://corbado.example.com"},
    ),
    "backend-look-alike": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_BACKEND_API_URL": "https://notcorbado.io"},
    ),
    "frontend-localhost": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_FRONTEND_API_URL": "http://localhost:9000"},
    ),
    "frontend-below-localhost": (
        ids.EMULATOR_IN_PRODUCTION,
        {"CORBADO_FRONTEND_API_URL": "https://auth.localhost"},
    ),
    "backend-http": (
        ids.NOT_ENCRYPTED,
        {"CORBADO_BACKEND_API_URL": "http://backendapi.corbado.io"},
    ),
    "frontend-http": (ids.NOT_ENCRYPTED, {"CORBADO_FRONTEND_API_URL": "http://auth.example.com"}),
}


@pytest.mark.parametrize(("check_id", "settings"), DEPLOYED.values(), ids=DEPLOYED)
def test_a_check_speaks_up_in_production_alone(check_id: str, settings: dict[str, Any]) -> None:
    assert found(**settings) == []
    assert found(**settings, deploy=True) == [check_id]


def test_an_emulator_behind_both_urls_is_one_warning() -> None:
    url = "http://localhost:9000"
    (message,) = messages(CORBADO_BACKEND_API_URL=url, CORBADO_FRONTEND_API_URL=url, deploy=True)
    assert "CORBADO_BACKEND_API_URL and CORBADO_FRONTEND_API_URL" in message.msg
