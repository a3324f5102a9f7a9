"""The checks examine each project, and name the one that a message is about."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.checks import CheckMessage, run_checks
from django.core.checks.registry import registry

GREEN: dict[str, Any] = {
    "PROJECT_ID": "pro-1",
    "API_SECRET": "corbado1_canary-of-green",
    "WEBHOOK_SECRETS": ["hooks:canary-of-green"],
}
BLUE = {**GREEN, "PROJECT_ID": "pro-2", "WEBHOOK_SECRETS": ["hooks:canary-of-blue"]}
PLAIN = ("CORBADO_PROJECT_ID", "CORBADO_API_SECRET", "CORBADO_WEBHOOK_SECRETS")


@pytest.fixture(autouse=True)
def site(two_projects: Any) -> Any:
    """Leave nothing to complain about."""
    two_projects.CORBADO_PROJECTS = {"green": GREEN, "blue": BLUE}
    for name in PLAIN:
        setattr(two_projects, name, None)
    return two_projects


def said() -> dict[str, CheckMessage]:
    found = run_checks(tags=["corbado_auth"])
    texts = "".join(f"{each.msg}{each.hint}" for each in found)
    assert "canary" not in texts
    return {str(each.id): each for each in found if str(each.id).startswith("corbado_auth.")}


def test_nothing_is_wrong_with_two_projects() -> None:
    assert said() == {}


def test_what_is_wrong_with_one_project_is_said_with_its_name(site: Any) -> None:
    site.CORBADO_PROJECTS = {"green": GREEN, "blue": {**BLUE, "API_SECRET": ""}}
    message = said()["corbado_auth.E003"]
    assert message.msg == 'CORBADO_PROJECTS["blue"]: CORBADO_API_SECRET is not set.'
    assert message.hint.endswith('keys do not begin with "CORBADO_".')


def test_what_is_wrong_with_the_site_is_said_once(site: Any) -> None:
    site.CORBADO_TIMEOUT = "soon"
    found = [each for each in run_checks(tags=["corbado_auth"]) if "TIMEOUT" in each.msg]
    assert len(found) == 1
    assert found[0].msg.startswith("CORBADO_TIMEOUT")


@pytest.mark.parametrize(
    "value",
    [["pro-1"], {"green": "pro-1"}, {"": GREEN}, "pro-1"],
    ids=["list", "text", "no-name", "one"],
)
def test_another_shape_is_an_error_and_nothing_else(site: Any, value: Any) -> None:
    site.CORBADO_PROJECTS = value
    assert set(said()) == {"corbado_auth.E020"}


@pytest.mark.parametrize("key", ["CORBADO_PROJECT_ID", "API_SECERT", "TIMEOUT"])
def test_a_key_that_is_none_is_an_error(site: Any, key: str) -> None:
    site.CORBADO_PROJECTS = {"green": {**GREEN, key: "x"}, "blue": BLUE}
    message = said()["corbado_auth.E020"]
    assert f"there is no key {key!r}" in message.msg
    assert "API_SECRET, BACKEND_API_KEY" in str(message.hint)


@pytest.mark.parametrize("key", ["PROJECT_ID", "WEBHOOK_SECRETS"])
def test_two_projects_never_share(site: Any, key: str) -> None:
    site.CORBADO_PROJECTS = {"green": GREEN, "blue": {**BLUE, key: GREEN[key]}}
    message = said()["corbado_auth.E024"]
    assert message.msg == f'CORBADO_PROJECTS: "green" and "blue" have the same {key}.'


def test_without_the_middleware_nothing_chooses(site: Any) -> None:
    site.MIDDLEWARE = site.MIDDLEWARE[1:]
    assert "ProjectMiddleware" in str(said()["corbado_auth.E025"].hint)


@pytest.mark.parametrize(
    "path", ["", "shop.nothing", "tests.support.brands.slow_brand_of", "tests.support.brands.GREEN"]
)
def test_a_resolver_has_to_be_a_function(site: Any, path: str) -> None:
    site.CORBADO_PROJECT_RESOLVER = path
    assert said()["corbado_auth.E025"].msg.startswith(f"CORBADO_PROJECT_RESOLVER is {path!r}")


def test_one_project_needs_no_choice(site: Any) -> None:
    site.CORBADO_PROJECTS = {"green": GREEN}
    site.CORBADO_PROJECT_RESOLVER = None
    site.MIDDLEWARE = site.MIDDLEWARE[1:]
    assert said() == {}


def test_a_plain_setting_beside_them_is_ignored_with_a_warning(site: Any) -> None:
    site.CORBADO_API_SECRET = "corbado1_canary"
    message = said()["corbado_auth.W054"]
    assert message.msg.endswith("these are ignored: CORBADO_API_SECRET.")


def test_a_resolver_without_projects_is_never_asked(site: Any) -> None:
    site.CORBADO_PROJECTS = None
    assert "corbado_auth.W055" in said()


def test_checks_are_registered_once_however_often_the_app_is_loaded() -> None:
    before = len(registry.get_checks(include_deployment_checks=True))
    apps.get_app_config("corbado_auth").ready()
    assert len(registry.get_checks(include_deployment_checks=True)) == before
