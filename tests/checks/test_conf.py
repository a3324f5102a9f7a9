"""Settings: read late, with a default, and refused in one sentence where they make no sense."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from corbado_auth.conf import Settings, conf

NAMES = [name for name in vars(Settings) if name.startswith("CORBADO_")]
DEFAULTS = {
    "CORBADO_PROJECTS": {},
    "CORBADO_PROJECT_RESOLVER": "",
    "CORBADO_PROJECT_ID": "",
    "CORBADO_API_SECRET": "",
    "CORBADO_BACKEND_API_URL": "https://backendapi.corbado.io",
    "CORBADO_FRONTEND_API_URL": "https://pro-5.frontendapi.corbado.io",
    "CORBADO_TIMEOUT": (3.05, 5.0),
    "CORBADO_TRUSTED_PROXIES": None,
    "CORBADO_WEBHOOK_SECRETS": [],
    "CORBADO_FAILED_ATTEMPTS_BUDGET": 5,
    "CORBADO_FAILED_ATTEMPTS_PER_MINUTE": 30,
    "CORBADO_ADMIN_PASSWORD_FORM": True,
    "CORBADO_API_ORIGINS": [],
    "CORBADO_API_TOKEN": None,
    "CORBADO_IS_IMPERSONATING": "",
    "CORBADO_ENABLED_FOR": "",
    "CORBADO_PASSWORD_BACKENDS": None,
    "CORBADO_EMAIL_NOTICES": False,
    "CORBADO_SESSION_LIST": False,
    "CORBADO_SIGN_IN_HISTORY": False,
    "CORBADO_REDIRECT_FIELD_NAME": "next",
    "CORBADO_USER_MIGRATION": "corbado_auth.existing_users.UserMigration",
    "CORBADO_MAX_CONCURRENT_CALLS": None,
    "CORBADO_BACKEND_API_KEY": "",
    "CORBADO_CONNECT": False,
    "CORBADO_CONNECT_API_SECRET": "corbado1_made-up-secret-of-the-tests",
    "CORBADO_CONNECT_CUSTOM_DOMAIN": "",
    "CORBADO_CONNECT_IDENTIFIER": "",
    "CORBADO_CONNECT_PROJECT_ID": "pro-5",
    "CORBADO_CONNECT_SCRIPT_URL": "https://cdn.cloud.corbado.io/connect/dist/web-js-latest.min.js",
    "CORBADO_CONNECT_STYLE_URL": "",
    "CORBADO_CONNECT_TOKEN_LIFETIME": 300,
    "CORBADO_FRONTEND_API_SUFFIX": "frontendapi.cloud.corbado.io",
}


def set_one(settings: LazySettings, name: str, value: Any) -> None:
    """Set one; the project ID stays known to the default of the frontend API."""
    settings.CORBADO_PROJECT_ID = "pro-5"
    setattr(settings, name, value)


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_each_setting_has_a_default(settings: LazySettings, name: str, default: Any) -> None:
    set_one(settings, name, None)
    delattr(settings, name)
    assert getattr(conf, name) == default


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_none_counts_as_not_set(settings: LazySettings, name: str, default: Any) -> None:
    set_one(settings, name, None)
    assert getattr(conf, name) == default


def test_no_setting_is_without_a_known_default() -> None:
    assert set(NAMES) == set(DEFAULTS)


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_has_a_docstring(name: str) -> None:
    assert vars(Settings)[name].__doc__


def test_a_setting_is_read_at_each_access() -> None:
    with override_settings(CORBADO_PROJECT_ID="pro-1"):
        assert conf.CORBADO_PROJECT_ID == "pro-1"
    with override_settings(CORBADO_PROJECT_ID="pro-2"):
        assert conf.CORBADO_FRONTEND_API_URL == "https://pro-2.frontendapi.corbado.io"


@pytest.mark.parametrize("name", ["CORBADO_BACKEND_API_URL", "CORBADO_FRONTEND_API_URL"])
def test_a_slash_at_the_end_of_an_api_url_does_not_matter(
    settings: LazySettings, name: str
) -> None:
    set_one(settings, name, "https://api.example.com/")
    assert getattr(conf, name) == "https://api.example.com"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param((1, 2.5), (1.0, 2.5), id="two"),
        pytest.param([1, 2], (1.0, 2.0), id="list"),
        pytest.param(4, (4.0, 4.0), id="one"),
        pytest.param("35", (35.0, 35.0), id="from-the-environment"),
    ],
)
def test_a_timeout_is_connect_and_read(
    settings: LazySettings, value: Any, seconds: tuple[float, float]
) -> None:
    settings.CORBADO_TIMEOUT = value
    read = conf.CORBADO_TIMEOUT
    assert read == seconds


@pytest.mark.parametrize(
    "value",
    [(1,), (1, 2, 3), (), "soon", "1,2", (1, "soon"), (None, 5), 0, -1, (3, 0), math.inf, math.nan]
    + [{"connect": 1, "read": 2}],
    ids=repr,
)
def test_a_timeout_of_another_shape_is_refused(settings: LazySettings, value: Any) -> None:
    settings.CORBADO_TIMEOUT = value
    with pytest.raises(ImproperlyConfigured, match="CORBADO_TIMEOUT must be"):
        _ = conf.CORBADO_TIMEOUT


@pytest.mark.parametrize("value", ["many", []], ids=repr)
def test_a_limit_that_is_no_number_is_refused(settings: LazySettings, value: Any) -> None:
    settings.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = value
    with pytest.raises(ImproperlyConfigured, match="must be a whole number"):
        _ = conf.CORBADO_FAILED_ATTEMPTS_PER_MINUTE


@pytest.mark.parametrize("value", ["many", [], -1], ids=repr)
def test_a_number_of_calls_that_is_none_is_refused(settings: LazySettings, value: Any) -> None:
    settings.CORBADO_MAX_CONCURRENT_CALLS = value
    with pytest.raises(ImproperlyConfigured, match="must be a whole number"):
        _ = conf.CORBADO_MAX_CONCURRENT_CALLS


@pytest.mark.parametrize("name", ["CORBADO_TRUSTED_PROXIES", "CORBADO_WEBHOOK_SECRETS"])
@pytest.mark.parametrize("value", ["user:canary", 5, {"user": "canary"}], ids=repr)
def test_a_list_that_is_none_is_refused_without_its_content(
    settings: LazySettings, name: str, value: Any
) -> None:
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name} must be a list") as caught:
        getattr(conf, name)
    assert "canary" not in str(caught.value)
