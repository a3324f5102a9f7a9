"""All sessions of a person end: by command, in the admin, when Corbado says so, when unlinked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests
from django.conf import settings as site
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends import file
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.sessions import ending
from corbado_auth.testing import Corbado, User
from tests.support.front_door import TOKEN, come_back, open_login_page, sign_in

pytestmark = pytest.mark.django_db

ENGINES = "django.contrib.sessions.backends"
ADD = "/corbado/passkeys/add/"
PASSWORD = "an old password"
MakeUser = Callable[..., Any]


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com")


@pytest.fixture
def erin(make_user: MakeUser) -> Any:
    """A local user with a password."""
    return make_user("erin@example.com", username="erin", password=PASSWORD)


@pytest.fixture
def staff(make_user: MakeUser, client: Client) -> Client:
    """Return a browser in which a superuser is signed in."""
    boss = make_user("boss@example.com", username="boss", is_staff=True, is_superuser=True)
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def engine(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Keep sessions elsewhere."""
    # Django remembers the folder of the first test for all others.
    monkeypatch.delattr(file.SessionStore, "_storage_path", raising=False)
    settings.SESSION_ENGINE = f"{ENGINES}.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    caches["default"].clear()
    yield request.param
    caches["default"].clear()


def with_password(name: str = "erin") -> Client:
    """Return a browser that this user has signed in with a password."""
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    return browser


def through_corbado(corbado: Corbado, person: User) -> Client:
    """Return a browser that a person has signed in through Corbado."""
    browser = Client()
    assert sign_in(browser, corbado.issue_token(person)).status_code == 303
    return browser


def is_signed_in(browser: Client) -> bool:
    return bool(browser.get("/account/").status_code == 200)


def local_user(person: User) -> Any:
    return CorbadoAccount.objects.get(corbado_user_id=person.id).user


def link(user: Any, person: User) -> CorbadoAccount:
    return CorbadoAccount.objects.create(
        user=user, project_id=site.CORBADO_PROJECT_ID, corbado_user_id=person.id
    )


def run(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("corbado_end_sessions", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    """Return the sentence with which the command ends; its exit code is 2."""
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


# The command -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "engine", ["db", "cached_db", "cache", "file", "signed_cookies"], indirect=True
)
def test_every_session_of_a_person_without_a_password_ends(
    corbado: Corbado, robin: User, engine: str
) -> None:
    browsers = [through_corbado(corbado, robin) for _each in range(2)]
    somebody = through_corbado(corbado, corbado.add_user("ash@example.com"))
    printed = run("--corbado-id", robin.id, "--yes")
    assert "is accepted any more" in printed
    assert ("cannot be deleted" in printed) == (engine == "signed_cookies")
    assert [is_signed_in(browser) for browser in browsers] == [False, False]
    assert is_signed_in(somebody)
    assert is_signed_in(through_corbado(corbado, robin))


@pytest.mark.parametrize("engine", ["db", "cached_db", "file"], indirect=True)
def test_every_session_of_a_person_with_a_password_ends(
    erin: Any, make_user: MakeUser, engine: str
) -> None:
    make_user("finn@example.com", username="finn", password=PASSWORD)
    browsers = [with_password() for _each in range(2)]
    somebody = with_password("finn")
    assert run("--user", "erin", "--yes") == "Ended 2 sessions of erin.\n"
    assert [is_signed_in(browser) for browser in browsers] == [False, False]
    assert is_signed_in(somebody)
    assert with_password()


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("cache", "a cache that cannot list its keys (LocMemCache)"),
        ("signed_cookies", "stored in cookies, which cannot be deleted from here"),
    ],
    indirect=["engine"],
)
def test_where_sessions_cannot_be_found_the_command_says_so(
    erin: Any, engine: str, words: str
) -> None:
    browser = with_password()
    said = refused("--user", "erin", "--yes")
    assert words in said
    assert "setting a new or an unusable one" in said
    assert is_signed_in(browser)


def test_a_session_of_a_replaced_secret_key_ends_too(
    corbado: Corbado, robin: User, settings: Any
) -> None:
    """Django accepts sessions that were bound with a former key, and binds them again."""
    browser, other = (through_corbado(corbado, robin) for _each in range(2))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a newer one, only for this test"
    assert is_signed_in(other)
    run("--corbado-id", robin.id, "--yes")
    assert [is_signed_in(each) for each in (browser, other)] == [False, False]


def test_a_user_whose_sessions_hang_on_something_else_is_searched_for(
    corbado: Corbado, robin: User
) -> None:
    browser = through_corbado(corbado, robin)
    with mock.patch.object(get_user_model(), "get_session_auth_hash", return_value="the same"):
        password = local_user(robin).password
        assert "Ended 1 session of" in run("--corbado-id", robin.id, "--yes")
    assert not is_signed_in(browser)
    assert local_user(robin).password == password


def test_a_password_that_was_set_meanwhile_stays(corbado: Corbado, robin: User) -> None:
    browser = through_corbado(corbado, robin)
    stale, user = local_user(robin), local_user(robin)
    user.set_password(PASSWORD)
    user.save()
    ended = ending.end_sessions([stale])
    assert ended.refused == 0
    assert local_user(robin).check_password(PASSWORD)
    assert not is_signed_in(browser)


def test_for_a_person_without_a_password_it_is_one_statement(corbado: Corbado, robin: User) -> None:
    through_corbado(corbado, robin)
    user = local_user(robin)
    with CaptureQueriesContext(connection) as context:
        ending.end_sessions([user])
    assert [query["sql"].partition(" ")[0] for query in context] == ["UPDATE"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--user", "nobody"], "There is no user whose username is nobody."),
        (["--corbado-id", "usr-9"], "No user here is linked to usr-9."),
        (["--user", "erin"], "erin has no session."),
    ],
)
def test_it_names_the_user_whom_it_does_not_find(
    erin: Any, arguments: list[str], sentence: str
) -> None:
    assert refused(*arguments, "--yes") == sentence


def test_a_person_of_connect_is_found_by_the_id_at_corbado(
    corbado: Corbado, make_user: MakeUser, settings: Any
) -> None:
    settings.CORBADO_CONNECT = True
    browser = Client()
    ada = make_user("ada@example.com")
    assert corbado.sign_in_by_connect(browser, ada).status_code == 200
    run("--corbado-id", ConnectAccount.objects.get(user=ada).corbado_user_id, "--yes")
    assert not is_signed_in(browser)


def test_people_of_connect_are_counted_too_and_each_once(
    corbado: Corbado, make_user: MakeUser, settings: Any
) -> None:
    assert "Nobody here is linked" in refused("--linked", "--yes")
    settings.CORBADO_CONNECT = "both"
    ada, erin = make_user("ada@example.com"), make_user("erin@example.com")
    link(erin, corbado.add_user("erin@example.com"))
    for user in (ada, erin):
        assert corbado.sign_in_by_connect(Client(), user).status_code == 200
    assert run("--linked", "--dry-run") == "Would end every session of 2 linked people.\n"


@pytest.mark.parametrize("arguments", [[], ["--user", "erin", "--linked"]])
def test_it_wants_to_know_whose(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_a_dry_run_ends_nothing(erin: Any, corbado: Corbado, robin: User) -> None:
    browsers = [with_password(), through_corbado(corbado, robin)]
    assert run("--user", "erin", "--dry-run") == "Would end every session of erin.\n"
    assert run("--linked", "--dry-run") == "Would end every session of 1 linked person.\n"
    assert all(map(is_signed_in, browsers))


def test_everybody_who_is_linked_is_signed_out(corbado: Corbado, robin: User, erin: Any) -> None:
    link(erin, corbado.add_user("erin@example.com"))
    linked = [through_corbado(corbado, robin), with_password()]
    with mock.patch("corbado_auth.sessions.ending.BATCH", 1):
        printed = run("--linked", "--yes")
    # Robin's row is still there, too, and was of no use any more.
    assert printed.splitlines() == [
        "No session of linked people is accepted any more.",
        "Ended 2 sessions of linked people.",
    ]
    assert not any(map(is_signed_in, linked))


def test_linked_people_without_a_session_are_a_sentence(erin: Any, corbado: Corbado) -> None:
    link(erin, corbado.add_user("erin@example.com"))
    assert refused("--linked", "--yes") == "Nobody who is linked has a session."


def test_a_user_who_is_not_linked_stays_signed_in(
    corbado: Corbado, robin: User, erin: Any, client: Client
) -> None:
    through_corbado(corbado, robin)
    browser = with_password()
    session = client.session
    session["cart"] = "a visitor's"
    session.save()
    for key in ("not a number", "9" * 30, "4f9c0f5a-2f0b-4b0a-9df7-6a6a8a4b2f1e"):
        # Of a site whose users had other keys once.
        other = Client().session
        other[SESSION_KEY] = key
        other.save()
    run("--linked", "--yes")
    assert is_signed_in(browser)
    assert client.session["cart"]


def test_without_a_terminal_it_does_not_ask(corbado: Corbado, robin: User) -> None:
    browser = through_corbado(corbado, robin)
    with mock.patch("sys.stdin.isatty", return_value=False):
        assert "add --yes to agree" in refused("--linked")
    assert is_signed_in(browser)


@pytest.mark.parametrize(("answer", "is_left"), [("n", True), ("", True), ("y", False)])
def test_at_a_terminal_it_asks(corbado: Corbado, robin: User, answer: str, is_left: bool) -> None:
    browser = through_corbado(corbado, robin)
    with (
        mock.patch("sys.stdin.isatty", return_value=True),
        mock.patch("builtins.input", return_value=answer),
    ):
        if is_left:
            with pytest.raises(CommandError, match="Nothing was changed"):
                run("--linked")
        else:
            run("--linked")
    assert is_signed_in(browser) == is_left


# Corbado says so ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["deleted", "disabled"])
def test_a_user_blocked_by_corbado_is_signed_out_in_every_browser(
    client: Client, wire: Any, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They come back with a token of someone who is gone."""
    other = Client()
    for browser, name in ((client, "one"), (other, "two")):
        wire.answers_user("usr-1")
        assert sign_in(browser, name.ljust(64, "0")).status_code == 303
    wire.answers_user("usr-1", status=status)
    open_login_page(client)
    assert come_back(client, TOKEN).status_code == 403
    assert "corbado_user_deleted" in caplog.text
    assert not is_signed_in(client)
    assert not is_signed_in(other)


def test_a_blocked_user_with_a_password_is_signed_out_too(
    client: Client, wire: Any, erin: Any
) -> None:
    wire.answers_user("usr-1", emails=[("erin@example.com", "active")])
    sign_in(client, "one".ljust(64, "0"))
    other = with_password()
    wire.answers_user("usr-1", status="deleted")
    sign_in(client, TOKEN)
    assert not is_signed_in(client)
    assert not is_signed_in(other)


def test_a_deleted_stranger_signs_no_one_out(client: Client, wire: Any, erin: Any) -> None:
    browser = with_password()
    wire.answers_user("usr-9", status="deleted")
    open_login_page(browser)
    come_back(browser, TOKEN)
    assert is_signed_in(browser)


@pytest.mark.parametrize(("method", "body"), [("PUT", {"status": "disabled"}), ("DELETE", {})])
def test_a_blocked_user_who_wants_to_add_a_passkey_is_signed_out(
    corbado: Corbado, robin: User, make_user: MakeUser, method: str, body: dict[str, str]
) -> None:
    make_user(robin.email, username="erin", password=PASSWORD)
    browser, other = through_corbado(corbado, robin), with_password()
    requests.request(
        method,
        f"{corbado.url}/v1/users/{robin.id}",
        json=body,
        auth=(site.CORBADO_PROJECT_ID, site.CORBADO_API_SECRET),
        timeout=30,
    ).raise_for_status()
    answer = browser.post(ADD)
    assert answer.status_code == 403
    assert "You have been signed out" in answer.content.decode()
    assert not is_signed_in(browser)
    assert not is_signed_in(other)
