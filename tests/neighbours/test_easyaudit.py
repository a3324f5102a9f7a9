"""django-easy-audit: sign-ins are in its events, and refused ones only in Django's own signal."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.test import Client
from easyaudit.models import CRUDEvent, LoginEvent

from corbado_auth.checks import ids
from corbado_auth.models import CorbadoAccount
from corbado_auth.testing import Corbado

# Its receivers write at the commit.
pytestmark = pytest.mark.django_db(transaction=True)

MEMBERS = ["tests.support.backends.MembersBackend"]


def test_signing_in_and_out_is_in_its_events(client: Client, corbado: Corbado) -> None:
    corbado.sign_in(client, corbado.add_user("robin@example.com"), next="/account/")
    assert client.get("/account/").status_code == 200
    client.post("/corbado/logout/")
    assert client.get("/account/").status_code == 302
    events = LoginEvent.objects.order_by("pk").values_list("username", "login_type")
    name = CorbadoAccount.objects.get().user.get_username()
    assert list(events) == [(name, LoginEvent.LOGIN), (name, LoginEvent.LOGOUT)]
    assert CRUDEvent.objects.filter(content_type__model="corbadoaccount").exists()


def test_a_refused_sign_in_gets_our_page(client: Client, corbado: Corbado, settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = MEMBERS
    settings.DJANGO_EASY_AUDIT_PROPAGATE_EXCEPTIONS = False
    assert corbado.sign_in(client, corbado.add_user("ash@example.com")).status_code == 403
    assert not LoginEvent.objects.exists()


def test_its_receiver_has_no_name_for_a_refused_passkey(
    client: Client, corbado: Corbado, settings: Any
) -> None:
    """Why the documentation wants it quiet; if this fails, django-easy-audit has changed."""
    settings.AUTHENTICATION_BACKENDS = MEMBERS
    with pytest.raises(KeyError, match="username"):
        corbado.sign_in(client, corbado.add_user("ash@example.com"))
    assert not Session.objects.exists()
    assert not CorbadoAccount.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DJANGO_EASY_AUDIT_PROPAGATE_EXCEPTIONS", False),
        ("DJANGO_EASY_AUDIT_WATCH_AUTH_EVENTS", False),
    ],
)
def test_the_check_notices_it(settings: Any, name: str, value: bool) -> None:
    known = {each.id for each in run_checks(tags=["corbado_auth"])}
    assert ids.EASY_AUDIT_RAISES in known
    setattr(settings, name, value)
    after = {each.id for each in run_checks(tags=["corbado_auth"])}
    assert after == known - {ids.EASY_AUDIT_RAISES}
