"""People name their passkeys, see what was done, and return to where they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.models import CorbadoAccount
from corbado_auth.passkey_record import KnownPasskeys, PasskeyName
from corbado_auth.testing import Corbado
from tests.passkeys.test_passkeys import (
    ADD,
    LIST,
    add_passkey,
    association_token,
    linked,
    signed_in,
)
from tests.told.test_notices import give_passkey

pytestmark = pytest.mark.django_db
RENAME, REMOVE = f"{LIST}cre-1/rename/", f"{LIST}cre-1/remove/"


@pytest.fixture
def erin(corbado: Corbado, make_user: Callable[..., Any]) -> Client:
    """Be signed in with a passkey, and on the list's page."""
    client, user = signed_in(make_user, username="erin")
    give_passkey(corbado, linked(corbado, user).id, 1)
    return client


def text(answer: Any) -> str:
    return answer.content.decode()


def name_it(client: Client, name: str, path: str = RENAME) -> Any:
    return client.post(path, {"name": name}, follow=True)


def test_a_passkey_gets_a_name_that_the_list_and_the_other_pages_show(erin: Client) -> None:
    assert RENAME in text(erin.get(LIST))
    page = name_it(erin, "  Maya’s <old> phone ")
    assert page.redirect_chain == [(LIST, 303)]
    for each in [page, erin.get(REMOVE)]:
        assert "Maya’s &lt;old&gt; phone" in text(each)
    assert 'value="Maya’s &lt;old&gt; phone"' in text(erin.get(RENAME))
    name_it(erin, "Laptop")
    assert list(PasskeyName.objects.values_list("name", flat=True)) == ["Laptop"]


def test_without_a_name_it_is_called_as_its_device_is(erin: Client) -> None:
    name_it(erin, "Laptop")
    assert "Laptop" not in text(name_it(erin, "  "))
    assert not PasskeyName.objects.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n" * 65, "at most 64 characters (it has 65)"),
        ("a\x07b", "Use letters, digits, spaces and punctuation only."),
        ("one\ntwo", "Use letters, digits, spaces and punctuation only."),
        ("\u202eenohp", "Use letters, digits, spaces and punctuation only."),
        ("a\x00b", "Null characters are not allowed."),
    ],
    ids=["long", "control", "lines", "turned round", "null"],
)
def test_a_name_that_cannot_be_one_is_refused_in_words(erin: Client, name: str, words: str) -> None:
    page = erin.post(RENAME, {"name": name})
    assert page.status_code == 400
    assert words in text(page)
    assert not PasskeyName.objects.exists()


def test_the_longest_name_is_kept(erin: Client) -> None:
    assert "n" * 64 in text(name_it(erin, "n" * 64))


def test_a_user_cannot_name_another_users_passkey(
    erin: Client, corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    mallory, user = signed_in(make_user, "mallory@example.com", username="mallory")
    linked(corbado, user, "mallory@example.com")
    for page in [mallory.get(RENAME, follow=True), name_it(mallory, "Mine")]:
        assert page.redirect_chain == [(LIST, 303)]
        assert "saved" not in text(page)
    assert not PasskeyName.objects.exists()


def test_naming_needs_a_sign_in_and_a_csrf_token_and_no_company(erin: Client) -> None:
    assert Client().post(RENAME, {"name": "x"}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = erin.cookies
    assert strict.post(RENAME, {"name": "x"}).status_code == 403
    with override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support"):
        assert erin.post(RENAME, {"name": "x"}).status_code == 403
    assert not PasskeyName.objects.exists()


def test_a_name_goes_with_its_passkey_here_and_elsewhere(corbado: Corbado, erin: Client) -> None:
    erin.get(LIST)
    name_it(erin, "Laptop")
    erin.post(REMOVE)
    assert not PasskeyName.objects.exists()
    account = CorbadoAccount.objects.get()
    give_passkey(corbado, account.corbado_user_id, 2)
    cache.clear()
    erin.get(LIST)
    name_it(erin, "Phone", f"{LIST}cre-2/rename/")
    CorbadoService().delete_passkey(account.corbado_user_id, "cre-2")
    cache.clear()
    erin.get(LIST)
    assert not PasskeyName.objects.exists()


def test_a_name_is_exported_and_deleted_with_the_account(erin: Client, tmp_path: Path) -> None:
    name_it(erin, "Laptop")
    path = tmp_path / "erin.json"
    call_command(
        "corbado_export", user="erin", output=path, without_corbado=True, stdout=StringIO()
    )
    (row,) = json.loads(path.read_text())["tables"]["passkeyname"]
    assert (row["passkey_id"], row["name"]) == ("cre-1", "Laptop")
    CorbadoAccount.objects.get().delete()
    assert not PasskeyName.objects.exists()


def seen_at_corbado() -> list[str]:
    user_id = CorbadoAccount.objects.get().corbado_user_id
    return sorted(passkey.id for passkey in CorbadoService().list_passkeys(user_id))


def test_what_was_done_is_said_once(corbado: Corbado, erin: Client) -> None:
    erin.get(LIST)
    add_passkey(corbado, association_token(erin.post(ADD)))
    # Known already, as from Corbado's event.
    KnownPasskeys.objects.update(passkey_ids=" ".join(seen_at_corbado()))
    assert "Your passkey was added." in text(erin.get(f"{LIST}?added=yes"))
    cache.clear()
    assert "was added" not in text(erin.get(f"{LIST}?added=yes"))
    assert "The name was saved." in text(name_it(erin, "Laptop"))
    assert "Your passkey was removed." in text(erin.post(REMOVE, follow=True))
    assert "was removed" not in text(erin.post(REMOVE, follow=True))


def test_a_site_without_messages_keeps_names_too(erin: Client) -> None:
    names = [name for name in settings.MIDDLEWARE if "messages" not in name]
    engine = dict(
        settings.TEMPLATES[0],
        OPTIONS={
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    )
    with override_settings(MIDDLEWARE=names, TEMPLATES=[engine]):
        page = name_it(erin, "Laptop")
        assert page.status_code == 200
        assert "Laptop" in text(page)
        assert "Laptop" not in text(erin.post(REMOVE, follow=True))


@pytest.mark.parametrize(
    ("next_url", "back"),
    [
        ("/account/?tab=keys&b=1", "/account/?tab=keys&b=1"),
        ("https://evil.example.org/", settings.LOGIN_REDIRECT_URL),
        ("", settings.LOGIN_REDIRECT_URL),
    ],
    ids=["of this site", "elsewhere", "none"],
)
def test_every_page_leads_back_to_where_the_person_was(
    corbado: Corbado, erin: Client, next_url: str, back: str
) -> None:
    query = {"next": next_url}
    page = erin.get(LIST, query)
    assert page.context["back_url"] == back
    assert f'href="{back.replace("&", "&amp;")}"' in text(page)
    here = page.context["list_url"]
    for path, fields in [(RENAME, {"name": "Laptop"}), (REMOVE, {})]:
        assert erin.get(path, query).context["list_url"] == here
        assert erin.post(path, {**fields, **query})["Location"] == here
    done = erin.post(ADD, query).context["done_url"]
    assert erin.get(done).context["back_url"] == back


def test_a_passkey_that_signed_its_owner_up_was_used(erin: Client) -> None:
    """Corbado counts from the next sign-in."""
    assert "Not used yet" in text(erin.get(LIST))
    now = timezone.now()
    for days, words in [(0, "Last used on"), (20, "Not used yet"), (-20, "Not used yet")]:
        CorbadoAccount.objects.update(first_sign_in_at=now + timedelta(days=days, seconds=2))
        assert words in text(erin.get(LIST))
