"""Every record in the log carries the extras of structured logs, on all journeys."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client

import corbado_auth
from corbado_auth.backends import CorbadoBackend
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.connect_login import ADA, LOGIN, post
from tests.support.events import send
from tests.support.front_door import TOKEN, come_back, open_login_page
from tests.support.vouching import ours
from tests.support.webhook import CREDENTIALS, basic

pytestmark = pytest.mark.django_db(transaction=True)

PACKAGE = Path(corbado_auth.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"  # Beside the tests, also where only a wheel is tested.
MakeUser = Callable[..., Any]
# What a journey has to have caused, or this test would look at nothing.
SEEN = {
    *("signed_in", "account_linked", "account_unlinked", "sign_in_refused", "sign_in_failed"),
    *("corbado_failed", "storage_failed", "form_refused", "passkey_refused", "connect_refused"),
    *("connect_problem",),
    *("corbado_user_changed", "sessions_ended", "webhook_refused", "webhook_ignored"),
    *("deletion_failed", "deletions_pending"),
}


def test_nothing_in_the_package_logs_without_extras() -> None:
    """Two modules have a logger: ``events``, and ``projects``, which is below it."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree) if "emulator" not in path.parts else ():
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="logger")), keywords=given):
                    assert "extra" in [each.arg for each in given], f"{path}:{node.lineno}"


def test_every_record_of_every_journey_has_its_extras(
    corbado: Corbado, make_user: MakeUser, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CORBADO_CONNECT = "both"
    caplog.set_level(logging.INFO, "corbado_auth")
    cache.clear()
    with mock.patch.object(CorbadoBackend, "delete_at_corbado", True):
        by_the_redirect_url(corbado, make_user)
        by_connect(corbado, make_user)
        by_webhook(corbado, make_user)
    found = ours(caplog)
    assert {record.event for record in found} >= SEEN
    for record in found:
        said = record.getMessage()
        assert record.event, said
        assert isinstance(record.reason, str), said
        if named := re.findall(r"\busr-\d+", said):
            assert record.corbado_user_id in named, said
        assert "@" not in said + record.reason + record.corbado_user_id
    described = lines_of_the_guide()
    unknown = {
        f"{record.levelname}: {record.getMessage()}"
        for record in found
        if record.levelno >= logging.WARNING
        and not any(
            level == record.levelname and re.match(line, record.getMessage())
            for line, level in described
        )
    }
    assert unknown == set()


def lines_of_the_guide() -> list[tuple[str, str]]:
    """Return the lines, as patterns, and their levels, as the guide to production names them."""
    guide = (DOCS / "how-to-production.md").read_text("utf-8")
    named = re.findall(r"^\| `(.+?)` \| (\w+) ", guide, re.MULTILINE)
    assert len(named) > 10
    return [(re.sub("…|REASON|CODE", ".*", re.escape(line)), level) for line, level in named]


def test_the_lines_that_the_guide_names_are_those_of_the_code() -> None:
    texts = messages()
    named = {line for line, _level in lines_of_the_guide()}
    assert {
        line
        for line in named
        if not any(re.search(longest_part(line), text) for text in texts)
        # Put together where it is logged.
        and line.replace("\\", "").partition(":")[0] not in texts
        and not any(re.fullmatch(as_pattern(text), line.replace("\\", "")) for text in texts)
    } == set()


def messages() -> list[str]:
    """Return all texts of the package that may be messages, with ``%s`` for values."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Constant(value=str(text)):
                    found.append(text)
                case ast.JoinedStr(values=parts):
                    found.append("".join(str(getattr(part, "value", "%s")) for part in parts))
    return [text for text in found if text == "API" or len(text.replace("%s", "")) > 6]


def longest_part(line: str) -> str:
    """Return the pattern for the longest part of a line that never varies."""
    return max(re.split(r"\.\*", re.sub(r"\d+", ".*", line)), key=len)


def as_pattern(text: str) -> str:
    return re.escape(text).replace("%s", ".+")


def by_the_redirect_url(corbado: Corbado, make_user: MakeUser) -> None:
    """Sign in, be refused, and meet each kind of failure."""
    make_user("erin@example.com")
    erin = corbado.add_user("erin@example.com")
    client = Client()
    corbado.sign_in(client, erin)
    make_user("gone@example.com", is_active=False)
    corbado.sign_in(Client(), corbado.add_user("gone@example.com"))
    for failure in ({"status": 404}, {"status": 503}, {"status": 401}):
        corbado.fail_next("/v1/authTokens/validate", **failure)
        corbado.sign_in(Client(), erin)
    corbado.fail_next("/v1/webauthn/credential", status=500)
    client.get("/corbado/passkeys/")
    other = Client(enforce_csrf_checks=True)
    open_login_page(other)
    come_back(other, TOKEN)
    other.post("/corbado/confirm/", {"answer": "yes"})
    with mock.patch("corbado_auth.backends.Mapping.run", side_effect=DatabaseError("a value")):
        corbado.sign_in(Client(), erin)
    corbado.fail_next(f"/v1/users/{erin.id}", method="DELETE", status=500)
    CorbadoAccount.objects.get(corbado_user_id=erin.id).user.delete()


def by_connect(corbado: Corbado, make_user: MakeUser) -> None:
    """Do the same with Connect."""
    ada = make_user(ADA, is_staff=False)
    client = Client()
    corbado.sign_in_by_connect(client, ada)
    corbado.sign_in_by_connect(client, make_user("off@example.com", is_active=False))
    post(client, {"signedPasskeyData": "nonsense"})
    corbado.fail_next("/v2/passkey/verifySignedData", status=500)
    corbado.sign_in_by_connect(Client(), ada)
    ConnectAccount.objects.filter(user=ada).update(corbado_user_id="usr-1")
    corbado.sign_in_by_connect(client, ada)
    strict = Client(enforce_csrf_checks=True)
    strict.post(LOGIN, "{}", content_type="application/json")
    staff = make_user("chief@example.com", is_staff=True)
    client.force_login(staff, "django.contrib.auth.backends.ModelBackend")
    blocked = {"problem": "script_blocked"}
    client.post("/corbado/connect/problems/", blocked, content_type="application/json")
    client.post(
        "/corbado/connect/tokens/", {"type": "passkey-list"}, content_type="application/json"
    )


def by_webhook(corbado: Corbado, make_user: MakeUser) -> None:
    """Let Corbado call, rightly and wrongly."""
    Client().post("/corbado/webhooks/events/", headers={"authorization": basic("a:wrong one")})
    Client().post("/corbado/webhooks/events/", headers={"authorization": basic(CREDENTIALS)})
    user = make_user("robin@example.com")
    robin = corbado.add_user("robin@example.com")
    CorbadoAccount.objects.link(user, robin.id)
    send("user.deleted", "usr-404")
    corbado.fail_next("/v1/users/*", status=500)
    send("user.updated", robin.id)
    CorbadoService().delete_user(robin.id)
    send("user.deleted", robin.id)
