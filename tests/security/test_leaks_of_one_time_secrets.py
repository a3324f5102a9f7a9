"""What is good once stays out of error reports: invitations for staff, and tokens for a passkey.

Whoever reads an invitation there, and the mailbox, links a superuser to a passkey of their own; and
an association token adds a passkey to the person whom it was made for.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from corbado_auth.testing import Corbado
from tests.security.written import Written
from tests.sign_in import test_invitation
from tests.sign_in.test_invitation import accept, invite, mailed_path

pytestmark = [pytest.mark.security, pytest.mark.django_db]

# A fixture.
boss = test_invitation.boss


def fail(*_arguments: Any, **_named: Any) -> None:
    raise RuntimeError


@pytest.mark.parametrize("when", ["opened", "accepted", "used"])
def test_an_error_report_has_no_invitation(
    corbado: Corbado, client: Client, boss: Any, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite("--user", "boss")
    path = mailed_path()
    secret = path.partition("=")[2]
    assert len(secret) > 40
    if when == "used":
        accept(client, path)
    mail.outbox.clear()
    monkeypatch.setattr("corbado_auth.invitations._digest", fail)
    client.raise_request_exception = False
    with Written() as written:
        if when == "opened":
            answer = client.get(path)
        elif when == "accepted":
            answer = client.post("/corbado/invitation/", {"corbadoInvitation": secret})
        else:
            answer = corbado.sign_in(client, corbado.add_user("boss@example.com"))
    written.mails()
    assert answer.status_code == 500
    report = "\n".join(text for _where, text in written._texts)
    assert "RuntimeError" in report
    assert secret not in report


def test_an_error_report_has_no_association_token(
    corbado: Corbado, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    corbado.sign_in(client, corbado.add_user("robin@example.com"))
    shown = client.post("/corbado/passkeys/add/").context["token"]
    assert shown.startswith("ast1_")
    monkeypatch.setattr("corbado_auth.passkeys.views.render", fail)
    client.raise_request_exception = False
    with Written() as written:
        answer = client.post("/corbado/passkeys/add/")
    written.mails()
    assert answer.status_code == 500
    report = "\n".join(text for _where, text in written._texts)
    assert "RuntimeError" in report
    assert "ast1_" not in report
