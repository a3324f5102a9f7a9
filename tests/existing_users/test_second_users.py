"""People with two local users are listed, and a command lets them sign in as the first one."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from corbado_auth.doctor import State, examine
from corbado_auth.doctor.database import addresses, second_local_users
from corbado_auth.existing_users import comparison, second_users
from corbado_auth.models import CorbadoAccount
from corbado_auth.signals import account_linked
from corbado_auth.testing import Corbado, User
from tests.support.vouching import signed_in_as

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]
ANN = "ann@example.com"


def run(command: str, *arguments: str) -> str:
    """Return what a command prints; a wrong exit code is part of it."""
    out = StringIO()
    try:
        call_command(command, *arguments, stdout=out)
    except SystemExit as stop:
        out.write(f"exit code {stop.code}\n")
    return out.getvalue()


def make_pair(
    corbado: Corbado, make_user: MakeUser, *, confirmed: bool = True, **second: Any
) -> tuple[Any, Any, User]:
    """Return Ann, her second user, and the person at Corbado."""
    ann = make_user(ANN, username="ann", password="an old password")
    empty = make_user(second.pop("email", ""), username="user-second")
    person = corbado.add_user(ANN, confirmed=confirmed)
    values = {"email": ANN if confirmed else "", "awaits_proof": False, **second}
    CorbadoAccount.objects.link(empty, person.id, **values)
    return ann, empty, person


# Who they are ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confirmed", "kind", "code"),
    [(True, "second_user", True), (False, "perhaps_second_user", False)],
)
def test_compare_lists_who_has_two(
    corbado: Corbado, make_user: MakeUser, confirmed: bool, kind: str, code: bool
) -> None:
    ann, empty, person = make_pair(corbado, make_user, confirmed=confirmed)
    (found,) = comparison.compare()
    assert (found.kind, found.corbado_user_id) == (kind, person.id)
    assert (found.user, found.other_user) == (str(empty.pk), str(ann.pk))
    printed = run("corbado_compare")
    assert f"(local user {ann.pk})" in printed
    assert ("exit code 1" in printed) is code


@pytest.mark.parametrize("written", ["ann@bücher.example", "ann@xn--bcher-kva.example"])
def test_a_user_created_for_the_address_of_another_user_is_listed(
    corbado: Corbado, make_user: MakeUser, written: str
) -> None:
    make_user("ann@bücher.example", username="ann")
    second = make_user("ann@xn--bcher-kva.example", username="second")
    person = corbado.add_user(written)
    CorbadoAccount.objects.link(second, person.id, email=written, created_for_email=written)
    assert [each.kind for each in comparison.compare()] == ["second_user"]


@pytest.mark.parametrize("name", [ANN, "Ann@Example.com"])
@pytest.mark.parametrize(
    ("email", "confirmed", "kind"),
    [
        ("", True, "second_user"),
        ("", False, "perhaps_second_user"),
        ("ann@work.example", True, "perhaps_second_user"),
    ],
)
def test_a_first_user_whose_name_is_the_address_is_listed_and_gets_the_link(
    corbado: Corbado, make_user: MakeUser, name: str, email: str, confirmed: bool, kind: str
) -> None:
    ann = make_user(email, username=name, password="an old password")
    second = make_user(ANN if confirmed else "", username="ann-2")
    person = corbado.add_user(ANN, confirmed=confirmed)
    values = {"email": second.email, "created_for_email": second.email or None}
    CorbadoAccount.objects.link(second, person.id, awaits_proof=False, **values)
    (found,) = comparison.compare()
    assert (found.kind, found.user, found.other_user) == (kind, str(second.pk), str(ann.pk))
    # MariaDB ignores case.
    is_counted = kind == "second_user" and (name == ANN or connection.vendor == "mysql")
    assert second_users.count_pairs() == is_counted
    run("corbado_merge", "--corbado-id", person.id, "--into", name, "--yes")
    client = Client()
    corbado.sign_in(client, person)
    assert signed_in_as(client) == str(ann.pk)


def test_who_is_no_second_user_is_not_listed(corbado: Corbado, make_user: MakeUser) -> None:
    # Linked by hand, while someone else has the same address.
    first = make_user(ANN, username="one")
    make_user(ANN.upper(), username="two")
    CorbadoAccount.objects.link(first, corbado.add_user(ANN).id, email=ANN)
    # The other one is linked, too: two people.
    kim = make_user("kim@example.com", username="kim")
    CorbadoAccount.objects.link(kim, corbado.add_user("kim@example.org").id)
    other = make_user("", username="other")
    CorbadoAccount.objects.link(other, corbado.add_user("kim@example.com").id)
    kinds = {each.kind for each in comparison.compare()}
    assert not kinds & {"second_user", "perhaps_second_user"}
    assert second_users.count_pairs() == 0


def test_many_people_are_looked_at_in_few_queries(
    corbado: Corbado, make_user: MakeUser, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        user = make_user(f"u{number}@example.com", username=f"u{number}")
        address = f"u{number}@example.com"
        made_for = address if number % 2 else None
        person = corbado.add_user(address)
        CorbadoAccount.objects.link(user, person.id, email=address, created_for_email=made_for)
    # Which addresses are shared (two), the accounts of the page, names like theirs, all accounts.
    with django_assert_max_num_queries(5):
        assert list(comparison.compare()) == []


@pytest.mark.parametrize(
    "second",
    [{}, {"email": ANN, "created_for_email": ANN}],
    ids=["without an address", "made for it"],
)
def test_the_doctor_counts_them(
    corbado: Corbado, make_user: MakeUser, second: dict[str, str]
) -> None:
    make_pair(corbado, make_user, **second)
    assert second_users.count_pairs() == 1
    (finding,) = second_local_users()
    assert "1 person has two local users" in finding.fact
    assert "corbado_compare" in finding.advice
    assert finding in list(examine())


def test_the_doctor_says_nothing_of_a_site_without_any(
    corbado: Corbado, make_user: MakeUser
) -> None:
    user = make_user(ANN, username="ann")
    CorbadoAccount.objects.link(user, corbado.add_user(ANN).id, email=ANN)
    assert list(second_local_users()) == []


@pytest.mark.parametrize(("address", "number"), [(ANN, 0), (f" {ANN}", 1), (f"{ANN}\t ", 1)])
def test_the_doctor_counts_addresses_with_spaces_around(
    make_user: MakeUser, address: str, number: int
) -> None:
    make_user(address, username="ann")
    found = list(addresses())
    assert len(found) == number
    assert all("1 user has an address with spaces" in each.fact for each in found)


@pytest.mark.parametrize(("address", "number"), [("", 1), ("ann@work.example", 0)])
def test_the_doctor_counts_user_names_that_are_addresses(
    make_user: MakeUser, address: str, number: int
) -> None:
    make_user(address, username=ANN)
    make_user("", username="robin")
    found = list(addresses())
    assert len(found) == number
    assert all("1 user has an address as user name" in each.fact for each in found)


def test_the_doctor_says_that_no_user_is_found(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(ANN)
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field")
    (finding,) = addresses()
    assert finding.state == State.WRONG
    assert "EMAIL_FIELD" in finding.advice
    assert second_users.count_pairs() is None


# Merged ---------------------------------------------------------------------------------------


def test_the_link_moves_and_the_person_signs_in_as_the_first_user(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    ann, empty, person = make_pair(corbado, make_user)
    corbado.sign_in(client, person)
    assert signed_in_as(client) == str(empty.pk)
    printed = run("corbado_merge", "--corbado-id", person.id, "--into", "ann", "--yes")
    assert f"{person.id} now signs in as ann." in printed
    assert signed_in_as(client) is None
    corbado.sign_in(client, person)
    assert signed_in_as(client) == str(ann.pk)
    assert CorbadoAccount.objects.get().sign_in_count == 2
    assert ann.has_usable_password()
    assert get_user_model()._default_manager.filter(pk=empty.pk).exists()


def test_it_says_what_moves_and_what_stays(corbado: Corbado, make_user: MakeUser) -> None:
    _ann, empty, person = make_pair(corbado, make_user)
    kind = ContentType.objects.get_for_model(Group)
    LogEntry.objects.create(user=empty, content_type=kind, object_id="1", action_flag=CHANGE)
    printed = run("corbado_merge", "--corbado-id", person.id, "--into", "ann", "--dry-run")
    assert f"Moves to ann: the link to {person.id} ({ANN})." in printed
    assert "Stays with user-second: 1 log entries." in printed
    assert "Nothing was changed." in printed
    assert CorbadoAccount.objects.get().user == empty


def test_a_second_user_with_a_password_keeps_it(corbado: Corbado, make_user: MakeUser) -> None:
    _ann, empty, person = make_pair(corbado, make_user)
    empty.set_password("of their own")
    empty.save()
    printed = run("corbado_merge", "--corbado-id", person.id, "--into", "ann", "--yes")
    assert "user-second has a password and can still sign in." in printed
    empty.refresh_from_db()
    assert empty.check_password("of their own")


def test_receivers_hear_of_the_new_link(
    corbado: Corbado, make_user: MakeUser, django_capture_on_commit_callbacks: Any
) -> None:
    ann, _empty, person = make_pair(corbado, make_user)
    heard: list[Any] = []

    def receiver(account: CorbadoAccount, created: bool, **told: Any) -> None:
        heard.append((account.user, created))

    account_linked.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            run("corbado_merge", "--corbado-id", person.id, "--into", "ann", "--yes")
    finally:
        account_linked.disconnect(receiver)
    assert heard == [(ann, False)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--into": "nobody"}, "no user whose username is nobody"),
        ({"--corbado-id": "usr-404"}, "Nobody here is linked to usr-404"),
        ({"--into": "user-second"}, "linked to that Corbado user already"),
        ({"--into": "linked"}, "linked to another Corbado user"),
        ({"--into": "gone"}, "not active"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    corbado: Corbado, make_user: MakeUser, changes: dict[str, str], words: str
) -> None:
    _ann, empty, person = make_pair(corbado, make_user)
    make_user("gone@example.com", username="gone", is_active=False)
    CorbadoAccount.objects.link(make_user("x@example.com", username="linked"), "usr-1")
    options = {"--corbado-id": person.id, "--into": "ann", **changes}
    with pytest.raises(CommandError, match=words):
        run("corbado_merge", *[part for pair in options.items() for part in pair], "--yes")
    assert CorbadoAccount.objects.for_corbado_user(person.id).user == empty  # type: ignore[union-attr]


def test_corbados_silence_is_a_sentence(corbado: Corbado, make_user: MakeUser) -> None:
    _ann, _empty, person = make_pair(corbado, make_user)
    corbado.fail_next("/v1/users/*", status=500)
    with pytest.raises(CommandError, match="Corbado did not answer"):
        run("corbado_merge", "--corbado-id", person.id, "--into", "ann", "--yes")


# A person who was created again at Corbado ---------------------------------------------------


def test_an_older_link_is_replaced_by_hand(
    client: Client, corbado: Corbado, make_user: MakeUser
) -> None:
    ann = make_user(ANN, username="ann")
    CorbadoAccount.objects.link(ann, "usr-404")
    person = corbado.add_user(ANN)
    options = ("--user", "ann", "--corbado-id", person.id, "--yes")
    with pytest.raises(CommandError, match="--replace"):
        run("corbado_link", *options)
    run("corbado_link", *options, "--replace")
    assert CorbadoAccount.objects.get().corbado_user_id == person.id
    corbado.sign_in(client, person)
    assert signed_in_as(client) == str(ann.pk)
