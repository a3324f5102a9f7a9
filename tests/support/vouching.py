"""Helpers for the tests of mapping: Corbado vouches for someone, and the site signs them in."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
import responses
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client

from corbado_auth.identity import CorbadoEmail, CorbadoUser
from tests.support.front_door import come_back, open_login_page
from tests.wire import sample

VALIDATE = "https://backendapi.corbado.io/v1/authTokens/validate"
USER = re.compile(r"https://backendapi\.corbado\.io/v1/users/usr-\w+")

# An address is confirmed unless its status is given, too.
Email = str | tuple[str, str]

_tokens = count()


def corbado_user(*emails: Email, id: str = "usr-1001", **fields: Any) -> CorbadoUser:
    """Return a person as the service does."""
    pairs = [email if isinstance(email, tuple) else (email, "active") for email in emails]
    return CorbadoUser(id=id, emails=tuple(CorbadoEmail(*pair) for pair in pairs), **fields)


def come_as(client: Client, *emails: Email, id: str = "usr-1001", **fields: Any) -> Any:
    """Sign in at the front door as a Corbado user; return the answer of the redirect view."""
    person = corbado_user(*emails, id=id, **fields)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as corbado:
        corbado.post(VALIDATE, json=_answer(person))
        # A user who is asked for by ID still exists.
        corbado.get(USER, json=sample("users_get").answer)
        open_login_page(client)
        answer = come_back(client, f"{next(_tokens):064d}")
        assert corbado.assert_call_count(VALIDATE, 1)
        return answer


def signed_in_as(client: Client) -> str | None:
    """Return the primary key of who is signed in, as the site's own page says it, or None."""
    page = client.get("/account/")
    return page.content.decode().removeprefix("Signed in as ") if page.status_code == 200 else None


# Reason -> the page that says so; all others share one.
PAGES = {
    "account_exists": "account_exists",
    "address_unconfirmed": "address_unconfirmed",
    "ambiguous_email": "account_exists",
    "inactive_user": "inactive",
    "lookup_is_blind": "account_exists",
    "no_confirmed_email": "confirm_email",
    "staff_user": "account_exists",
}


def assert_refused(
    response: Any, caplog: pytest.LogCaptureFixture, reason: str, id: str = "usr-1001"
) -> None:
    """Check that nobody got in, that the log says why, and the page and the log nothing else."""
    assert response.status_code == 403
    page = f"corbado_auth/{PAGES.get(reason, 'refused')}.html"
    assert [template.name for template in response.templates][0] == page
    assert not Session.objects.exists()
    expected = rf"Sign-in refused: {reason}(: .+)? \(Corbado user {re.escape(id)}\)"
    (message,) = [record.getMessage() for record in ours(caplog)]
    assert re.fullmatch(expected, message)
    assert "@" not in caplog.text
    # The address for the link is what the person typed.
    shown = response.context.get("mails_link_to") or "nothing"
    assert "@" not in response.content.decode().replace(shown, "")


def ours(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """Return what the package logged."""
    return [record for record in caplog.records if record.name == "corbado_auth"]


def only_user() -> Any:
    """Return the one local user there is."""
    return get_user_model()._default_manager.get()


def _answer(person: CorbadoUser) -> dict[str, Any]:
    answer: dict[str, Any] = sample("validate_good").answer
    user = answer["data"]["user"]
    entry = user["emails"][0]
    user |= {"ID": person.id, "fullName": person.full_name, "status": person.status}
    user["emails"] = [
        entry | {"email": email.address, "status": email.status} for email in person.emails
    ]
    answer["data"]["userID"] = person.id
    return answer
