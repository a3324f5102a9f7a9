"""The site tells people of new browsers, and staff of sign-ins; what Corbado reports counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.testing import Corbado
from example_project.workshop.people import KEEPER
from tests.support.webhook import CREDENTIALS, basic

pytestmark = pytest.mark.django_db


def test_a_new_browser_is_in_a_mail_and_every_sign_in_in_the_admin(
    corbado: Corbado, client: Client, maya: User
) -> None:
    person = corbado.add_user(maya.email)
    for browser in (client, Client()):
        corbado.sign_in(browser, person, login_url=reverse("login"))
    assert maya.email in mail.outbox[-1].to
    page = client.get(reverse("corbado_auth:sessions")).text
    assert page.count("<li>") == 2
    assert reverse("corbado_auth:sessions") in client.get(reverse("account")).text
    keeper = User.objects.get(username=KEEPER.username)
    client.force_login(keeper, backend="django.contrib.auth.backends.ModelBackend")
    history = reverse("admin:corbado_auth_signinrecord_changelist")
    found = client.get(history, {"q": maya.email}).context["cl"].result_list
    assert [(each.user_id, each.outcome) for each in found] == [(maya.pk, "signed_in")] * 2


def test_a_user_who_is_deleted_at_corbado_is_signed_out(
    corbado: Corbado,
    client: Client,
    maya: User,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    person = corbado.add_user(maya.email)
    corbado.sign_in(client, person, login_url=reverse("login"))
    assert client.get(reverse("account")).status_code == 200
    CorbadoService().delete_user(person.id)
    event = "user.deleted"
    settings.CORBADO_WEBHOOK_SECRETS = [CREDENTIALS]
    with django_capture_on_commit_callbacks(execute=True):
        told = Client().post(
            reverse("corbado_auth:event-webhook"),
            {"type": event, "data": {"userID": person.id}},
            content_type="application/json",
            headers={"authorization": basic(CREDENTIALS), "x-corbado-webhook-event": event},
        )
    assert told.status_code == 200
    assert client.get(reverse("account")).status_code == 302
