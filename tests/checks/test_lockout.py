"""The check about django-axes: a lock by address would shut Corbado itself out of the webhook."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from corbado_auth.checks import ids
from tests.checks.test_checks import backends, found, messages

WEBHOOK_ON = {"CORBADO_WEBHOOK_SECRETS": ["corbado:long enough"]}
LOCKS_BY_ADDRESS: dict[str, dict[str, Any]] = {
    "as-it-comes": {},
    "or-by-name": {"AXES_LOCKOUT_PARAMETERS": ["username", "ip_address"]},
    "with-user-agent": {"AXES_LOCKOUT_PARAMETERS": [["ip_address", "user_agent"]]},
    "unused-whitelist": {"AXES_IP_WHITELIST": ["192.0.2.1"]},
}
LOCKS_A_PERSON: dict[str, dict[str, Any]] = {
    "name-and-address": {"AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]]},
    "name": {"AXES_LOCKOUT_PARAMETERS": ["username"]},
    "a-function": {"AXES_LOCKOUT_PARAMETERS": "mysite.locks.parameters"},
    "a-callable": {"AXES_LOCKOUT_PARAMETERS": backends},
    "whitelist": {"AXES_NEVER_LOCKOUT_WHITELIST": True, "AXES_IP_WHITELIST": ["192.0.2.1"]},
    "whitelist-callable": {"AXES_WHITELIST_CALLABLE": "mysite.locks.is_corbado"},
    "admin-only": {"AXES_ONLY_ADMIN_SITE": True},
    "switched-off": {"AXES_ENABLED": False},
    "never-locks": {"AXES_LOCK_OUT_AT_FAILURE": False},
    "webhook-off": {"CORBADO_WEBHOOK_SECRETS": None},
    "webhook-malformed": {"CORBADO_WEBHOOK_SECRETS": "corbado:no list"},
}


class OwnHandler:
    """A site's own handler of django-axes, which knows nothing of us."""


class PassingHandler:
    """A site's own handler of django-axes, with ours in it."""

    lets_passkeys_pass = True


@pytest.fixture
def _axes_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda app: app == "axes" or real(app))


@pytest.mark.usefixtures("_axes_installed")
@pytest.mark.parametrize("settings", LOCKS_BY_ADDRESS.values(), ids=LOCKS_BY_ADDRESS)
def test_axes_that_locks_by_address_is_noticed(settings: dict[str, Any]) -> None:
    passing = {"AXES_HANDLER": f"{__name__}.PassingHandler"}
    assert found(**WEBHOOK_ON, **passing, **settings) == [ids.AXES_LOCKS_BY_ADDRESS]


@pytest.mark.usefixtures("_axes_installed")
@pytest.mark.parametrize("settings", LOCKS_A_PERSON.values(), ids=LOCKS_A_PERSON)
def test_axes_that_locks_a_person_is_left_alone(settings: dict[str, Any]) -> None:
    assert ids.AXES_LOCKS_BY_ADDRESS not in found(**{**WEBHOOK_ON, **settings})


@pytest.mark.usefixtures("_axes_installed")
@pytest.mark.parametrize(
    ("handler", "ours"),
    [
        (None, "DatabaseHandler"),
        ("axes.handlers.cache.AxesCacheHandler", "CacheHandler"),
        (f"{__name__}.OwnHandler", "DatabaseHandler"),
    ],
)
def test_axes_that_stops_passkeys_is_noticed(handler: str | None, ours: str) -> None:
    changes = {} if handler is None else {"AXES_HANDLER": handler}
    (message,) = messages(**changes)
    assert message.id == ids.AXES_STOPS_PASSKEYS
    assert f'"corbado_auth.contrib.axes.{ours}"' in str(message.hint)


@pytest.mark.usefixtures("_axes_installed")
@pytest.mark.parametrize(
    "settings",
    [
        {"AXES_HANDLER": f"{__name__}.PassingHandler"},
        {"AXES_HANDLER": "no.such.Handler"},
        {"AXES_ENABLED": False},
        {"AXES_LOCK_OUT_AT_FAILURE": False},
    ],
)
def test_axes_that_stops_no_passkey_is_left_alone(settings: dict[str, Any]) -> None:
    assert found(**settings) == []
