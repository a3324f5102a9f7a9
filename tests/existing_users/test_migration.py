"""One existing user moves over: created, linked, skipped or refused, and never someone else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import LazySettings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.emulator import Emulator, EmulatorConfig
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable
from corbado_auth.existing_users import UserMigration, migration
from corbado_auth.existing_users.migration import user_migration_class
from corbado_auth.existing_users.outcomes import REASONS, Outcome
from corbado_auth.models import CorbadoAccount, MigrationAttempt
from corbado_auth.signals import account_linked
from corbado_auth.testing import Corbado
from tests.emulator.clients import Browser

HERE = __name__
ADA = "ada@example.com"
USERS = "/v1/users"
MakeUser = Callable[..., AbstractBaseUser]

pytestmark = pytest.mark.django_db


class UnprovenBackend(CorbadoBackend):
    """A site where people may register with any address."""

    local_emails_are_verified = False


class AtCorbado:
    """What the emulator has, as its control API tells."""

    def __init__(self, corbado: Corbado) -> None:
        self.corbado = corbado

    def users(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.corbado.url}/_emulator/state", timeout=5)
        users: list[dict[str, Any]] = answer.json()["users"]
        return users


@pytest.fixture
def at_corbado(corbado: Corbado) -> AtCorbado:
    return AtCorbado(corbado)


@pytest.fixture
def lose_answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return the function that lets the next answers to a create be lost after Corbado did it."""

    def lose(number: int = 1) -> None:
        create = CorbadoService.create_user
        left = [None] * number

        def losing(self: CorbadoService, *arguments: Any, **options: Any) -> str | None:
            answer = create(self, *arguments, **options)
            if left:
                left.pop()
                raise CorbadoUnavailable("the answer was lost")
            return answer

        monkeypatch.setattr(CorbadoService, "create_user", losing)

    return lose


def attempt_of(user: AbstractBaseUser) -> MigrationAttempt:
    return MigrationAttempt.objects.get(user_id=user.pk)


def account_of(user: AbstractBaseUser) -> CorbadoAccount:
    return CorbadoAccount.objects.get(user_id=user.pk)


# Created and linked ----------------------------------------------------------------------------


@pytest.mark.matrix
def test_an_unknown_user_is_created_and_tied(make_user: MakeUser, at_corbado: AtCorbado) -> None:
    ada = make_user(ADA)
    outcome = UserMigration().migrate(ada)
    (person,) = at_corbado.users()
    assert outcome == Outcome("created", "", person["ID"])
    assert account_of(ada).corbado_user_id == person["ID"]
    assert attempt_of(ada).outcome == "created"


def test_corbado_is_told_name_full_name_and_email(make_user: MakeUser, corbado: Corbado) -> None:
    ada = make_user(ADA, first_name="Ada", last_name="Example")
    UserMigration().migrate(ada)
    (request,) = corbado.requests
    assert request.body == {
        "name": ADA,
        "email": ADA,
        "fullName": "Ada Example",
        "requestID": attempt_of(ada).request_id,
    }


def test_a_confirmed_corbado_user_is_linked(make_user: MakeUser, corbado: Corbado) -> None:
    person, ada = corbado.add_user(ADA), make_user(ADA)
    assert UserMigration().migrate(ada) == Outcome("linked", "", person.id)
    assert account_of(ada).email == ADA


def test_the_account_of_a_created_user_holds_no_unconfirmed_address(
    make_user: MakeUser, corbado: Corbado
) -> None:
    ada = make_user(ADA)
    UserMigration().migrate(ada)
    assert account_of(ada).email == ""


def test_who_has_moved_is_not_asked_about_again(make_user: MakeUser, corbado: Corbado) -> None:
    ada = make_user(ADA)
    created = UserMigration().migrate(ada)
    outcome = UserMigration().migrate(ada)
    assert outcome == Outcome("skipped", "already_linked", created.corbado_user_id)
    assert len(corbado.requests) == 1


def test_receivers_hear_of_a_move_after_it_is_written(
    make_user: MakeUser, corbado: Corbado, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[Any] = []
    ada = make_user(ADA)

    def receiver(account: CorbadoAccount, **_rest: Any) -> None:
        heard.append(account.user_id)

    account_linked.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            UserMigration().migrate(ada)
    finally:
        account_linked.disconnect(receiver)
    assert heard == [ada.pk]


# Strangers at Corbado --------------------------------------------------------------------------


def test_a_pending_corbado_user_of_a_stranger_is_never_linked(
    make_user: MakeUser, corbado: Corbado
) -> None:
    stranger, ada = corbado.add_user(ADA, confirmed=False), make_user(ADA)
    outcome = UserMigration().migrate(ada)
    assert outcome == Outcome("refused", "corbado_user_unconfirmed", stranger.id)
    assert not CorbadoAccount.objects.exists()


def test_a_stranger_who_registers_now_is_refused_when_no_answer_was_lost(
    make_user: MakeUser, corbado: Corbado
) -> None:
    """Corbado said "taken" to our first question, so it was someone else."""
    corbado.add_user(ADA, confirmed=False)
    ada = make_user(ADA)
    reasons = [UserMigration().migrate(ada).reason for _run in range(3)]
    assert reasons == ["corbado_user_unconfirmed"] * 3


@pytest.mark.parametrize("minutes", [-1, 1], ids=["before-the-attempt", "after-the-attempt"])
def test_a_stranger_outside_the_attempt_is_refused_after_a_lost_answer(
    make_user: MakeUser, corbado: Corbado, minutes: int
) -> None:
    corbado.add_user(ADA, confirmed=False)
    ada = make_user(ADA)
    asked_at = datetime.now(UTC) - timedelta(minutes=minutes)
    MigrationAttempt.objects.create(
        user_id=ada.pk, project_id=corbado.settings["CORBADO_PROJECT_ID"], asked_at=asked_at
    )
    reasons = [UserMigration().migrate(ada).reason for _run in range(2)]
    assert reasons == ["corbado_user_unconfirmed"] * 2
    assert not CorbadoAccount.objects.exists()


@pytest.mark.parametrize("answer_was_lost", [False, True], ids=["first-question", "lost-answer"])
def test_a_stranger_with_a_passkey_of_their_own_is_refused_even_inside_the_attempt(
    make_user: MakeUser, settings: LazySettings, answer_was_lost: bool
) -> None:
    ada = make_user(ADA)
    with Emulator(EmulatorConfig(port=0)) as emulator:
        settings.CORBADO_BACKEND_API_URL = emulator.url
        settings.CORBADO_PROJECT_ID = emulator.config.project_id
        settings.CORBADO_API_SECRET = emulator.config.api_secret
        assert Browser(emulator, judge=lambda *_answer: None).sign_up(ADA).status == 200
        if answer_was_lost:
            MigrationAttempt.objects.create(
                user_id=ada.pk,
                project_id=emulator.config.project_id,
                asked_at=datetime.now(UTC),
            )
        assert UserMigration().migrate(ada).reason == "corbado_user_unconfirmed"
    assert not CorbadoAccount.objects.exists()


def test_a_corbado_user_of_another_local_user_is_refused(
    make_user: MakeUser, corbado: Corbado
) -> None:
    person = corbado.add_user(ADA)
    ada, bob = make_user(ADA), make_user("bob@example.com")
    CorbadoAccount.objects.create(
        user_id=bob.pk,
        project_id=corbado.settings["CORBADO_PROJECT_ID"],
        corbado_user_id=person.id,
    )
    outcome = UserMigration().migrate(ada)
    assert outcome == Outcome("refused", "corbado_user_has_other_account", person.id)


def test_a_disabled_corbado_user_is_refused(make_user: MakeUser, corbado: Corbado) -> None:
    person = corbado.add_user(ADA)
    requests.put(
        f"{corbado.url}/v1/users/{person.id}",
        json={"status": "disabled"},
        auth=(
            corbado.settings["CORBADO_PROJECT_ID"],
            corbado.settings["CORBADO_API_SECRET"],
        ),
        timeout=5,
    ).raise_for_status()
    assert UserMigration().migrate(make_user(ADA)).reason == "corbado_user_deleted"


# Failures --------------------------------------------------------------------------------------


def test_a_lost_answer_is_found_again(
    make_user: MakeUser, at_corbado: AtCorbado, lose_answers: Callable[..., None]
) -> None:
    ada = make_user(ADA)
    lose_answers()
    with pytest.raises(CorbadoUnavailable):
        UserMigration().migrate(ada)
    assert not CorbadoAccount.objects.exists()
    outcome = UserMigration().migrate(ada)
    (person,) = at_corbado.users()
    assert outcome == Outcome("created", "", person["ID"])


def test_a_lost_answer_is_found_again_without_time_zones(
    make_user: MakeUser, corbado: Corbado, lose_answers: Callable[..., None]
) -> None:
    ada = make_user(ADA)
    lose_answers()
    with override_settings(USE_TZ=False, TIME_ZONE="America/New_York"):
        with pytest.raises(CorbadoUnavailable):
            UserMigration().migrate(ada)
        assert UserMigration().migrate(ada).kind == "created"


def test_after_a_question_that_never_arrived_it_is_asked_again(
    make_user: MakeUser, at_corbado: AtCorbado
) -> None:
    ada = make_user(ADA)
    at_corbado.corbado.fail_next(USERS, method="POST", status=500)
    with pytest.raises(CorbadoUnavailable):
        UserMigration().migrate(ada)
    assert attempt_of(ada).asked_at is not None
    assert UserMigration().migrate(ada).kind == "created"
    assert len(at_corbado.users()) == 1


def test_a_create_is_never_sent_twice_behind_our_back(
    make_user: MakeUser, corbado: Corbado
) -> None:
    """The transport's second try would make our own Corbado user look like a stranger's."""
    corbado.fail_next(USERS, method="POST", drop=True)
    with pytest.raises(CorbadoUnavailable):
        UserMigration().migrate(make_user(ADA))
    assert len(corbado.requests) == 1


def test_what_corbado_does_not_accept_is_refused_for_this_user_alone(
    make_user: MakeUser, corbado: Corbado
) -> None:
    corbado.fail_next(USERS, method="POST", status=400)
    ada = make_user(ADA)
    assert UserMigration().migrate(ada) == Outcome("refused", "rejected_by_corbado")
    assert attempt_of(ada).asked_at is None


def test_wrong_credentials_are_no_users_outcome(
    make_user: MakeUser, corbado: Corbado, settings: LazySettings
) -> None:
    settings.CORBADO_API_SECRET = "corbado1_wrong"
    with pytest.raises(CorbadoRejected):
        UserMigration().migrate(make_user(ADA))


def test_a_sign_in_of_this_very_moment_wins(
    make_user: MakeUser, corbado: Corbado, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_user(ADA)
    create = CorbadoService.create_user

    def sign_in_first(self: CorbadoService, *arguments: Any, **options: Any) -> str | None:
        CorbadoAccount.objects.create(
            user_id=ada.pk,
            project_id=corbado.settings["CORBADO_PROJECT_ID"],
            corbado_user_id="usr-1",
        )
        return create(self, *arguments, **options)

    monkeypatch.setattr(CorbadoService, "create_user", sign_in_first)
    assert UserMigration().migrate(ada) == Outcome("skipped", "already_linked", "usr-1")


# The class -------------------------------------------------------------------------------------


def test_the_setting_names_the_class(settings: LazySettings) -> None:
    assert user_migration_class() is UserMigration


@pytest.mark.parametrize("name", ["nowhere.Migration", f"{HERE}.AtCorbado", "nonsense"])
def test_a_setting_that_names_no_such_class_says_so(settings: LazySettings, name: str) -> None:
    settings.CORBADO_USER_MIGRATION = name
    with pytest.raises(ImproperlyConfigured, match="CORBADO_USER_MIGRATION"):
        user_migration_class()


def test_every_reason_has_a_meaning() -> None:
    source = Path(migration.__file__).read_text("utf-8")
    used = re.findall(r'Outcome\("(?:skipped|refused)", "(\w+)"', source)
    assert len(used) > 10
    assert set(used) <= set(REASONS)
