"""The app keeps no state in a process that another process would need.

What is kept between requests is listed here, by name, and is either a pool of connections or
derived from the settings: a new process creates the same.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

import corbado_auth
from corbado_auth import warm_up
from tests.support.front_door import TOKEN, come_back, open_login_page
from tests.support.users.factory import create_user
from tests.support.vouching import come_as
from tests.support.webhook import CREDENTIALS, PROJECT_ID, basic

# What functions cache, and why no other process needs it.
REMEMBERED = {
    "corbado_auth.client_info._networks": "CORBADO_TRUSTED_PROXIES, parsed",
    "corbado_auth.local_users._statement": "a statement, worded from the site's user model",
    "corbado_auth.managers._statement": "a statement, worded from the site's user model",
    "corbado_auth.next_url._own_paths": "the paths of our views, from the URLconf",
    "corbado_auth.passwords._compares_hashes": "what the code of a backend says",
    "corbado_auth.passwords._takes_passwords": "what the code of a backend says",
    "corbado_auth.projects._plain_setting": "a setting, or that there is none",
    "corbado_auth.projects.configured_projects": "CORBADO_PROJECTS, checked",
    "corbado_auth.sign_in.signed_cookies._digest": "the name of a cookie, from a key",
    "corbado_auth.statements._insertion": "a statement, worded from one of our models",
    "corbado_auth.corbado_api.transport._line": "the connections to Corbado",
    "corbado_auth.corbado_api.transport._ssl_context": "the CA bundle, read",
    "corbado_auth.warm_up._begin": "that what the first sign-in needs is loaded",
}


def modules() -> Iterator[Any]:
    """Return every module of the app that a site has.

    Without the emulator and the test kit; modules in contrib can only be imported beside their
    neighbour (tests/neighbours).
    """
    left_out = ("contrib.", "emulator", "migrations", "testing")
    for found in pkgutil.walk_packages(corbado_auth.__path__, "corbado_auth."):
        if not found.name.removeprefix("corbado_auth.").startswith(left_out):
            yield importlib.import_module(found.name)


def values() -> Iterator[tuple[str, Any]]:
    """Return what modules, and the classes in them, hold under a name."""
    for module in modules():
        for name, value in vars(module).items():
            if name.startswith("__"):
                continue
            if inspect.isclass(value) and value.__module__ == module.__name__:
                for attribute, held in vars(value).items():
                    if not attribute.startswith("_"):
                        yield f"{module.__name__}.{name}.{attribute}", held
            yield f"{module.__name__}.{name}", value


def held() -> dict[str, str]:
    """Record everything that could change: containers, and the attributes of our own objects."""
    found: dict[str, str] = {}
    for name, value in values():
        if isinstance(value, dict | list | set | bytearray):
            found[name] = repr(value)
        elif type(value).__module__.startswith("corbado_auth") and hasattr(value, "__dict__"):
            found[name] = repr(vars(value))
    return found


def test_functions_remember_connections_and_settings_alone() -> None:
    remembering = {
        f"{value.__module__}.{value.__qualname__}"
        for _name, value in values()
        if hasattr(value, "cache_info") and value.__module__.startswith("corbado_auth.")
    }
    assert remembering == set(REMEMBERED)


def test_no_name_is_bound_anew_at_run_time() -> None:
    for module in modules():
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        assert not any(isinstance(node, ast.Global) for node in ast.walk(tree)), module.__name__


def test_where_no_thread_can_be_started_pages_are_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    def start(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    warm_up._begin.cache_clear()
    monkeypatch.setattr(Thread, "start", start)
    assert Client().get(reverse("corbado_auth:login")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_sign_ins_leave_nothing_behind_in_the_process() -> None:
    everybody_once()  # What is made at the first use may be there afterwards.
    before = held()
    assert len(before) > 10
    everybody_once()
    assert held() == before


def everybody_once() -> None:
    """Sign in someone new, someone who is linked and someone who fails, and ask the webhook."""
    client = Client()
    url = reverse("corbado_auth:action-webhook")
    create_user("bea@example.com", password="a good one", user_name=f"bea{id(client)}")
    come_as(client, "ada@example.com", id="usr-1")
    come_as(client, "bea@example.com", id="usr-2")
    open_login_page(client)
    assert come_back(Client(), TOKEN, sec_fetch_dest="image").status_code == 403
    body = {"action": "authMethods", "projectID": PROJECT_ID, "data": {"username": "x@y.example"}}
    headers = {"authorization": basic(CREDENTIALS), "x-corbado-action": "authMethods"}
    answer = client.post(url, body, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    client.get(reverse("corbado_auth:confirm"))
