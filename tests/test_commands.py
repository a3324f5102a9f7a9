"""One convention for all commands: ``--dry-run``, a question or ``--yes``, and exit codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError
from django.core.serializers import serialize
from django.test import Client
from django.utils import timezone

from corbado_auth.email_index import EmailIndex
from corbado_auth.management.base import find_user
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.sign_in_record import SignInRecord
from corbado_auth.testing import Corbado
from tests.support.backends import AnsweredBackend, ThoroughBackend, named
from tests.support.deletion import MODEL_BACKEND

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]
ORIGIN = ["--origin", "https://www.example.com"]
NOBODY = "usr-404"


class Kind(NamedTuple):
    """What a command is given, and which kind of command it is.

    ``wrong`` lists arguments that name no one. Names in braces stand for the people below.
    """

    arguments: list[str]
    writes: bool = True
    asks: bool = False
    wrong: tuple[list[str], ...] = ()


COMMANDS: Mapping[str, Kind] = {
    "corbado_compare": Kind([], writes=False),
    "corbado_delete_pending": Kind(["--rate=1000"], asks=True),
    "corbado_doctor": Kind([], writes=False),
    "corbado_email_index": Kind([]),
    "corbado_end_sessions": Kind(
        ["--user", "{linked}"],
        asks=True,
        wrong=(["--user", "nobody"], ["--corbado-id", NOBODY]),
    ),
    "corbado_export": Kind(
        ["--user", "{linked}", "--output", "{folder}/them.json"],
        wrong=(["--user", "nobody", "--output", "{folder}/them.json"],),
    ),
    "corbado_invite_staff": Kind(
        ["--user", "{staff}", *ORIGIN], asks=True, wrong=(["--user", "nobody", *ORIGIN],)
    ),
    "corbado_link": Kind(
        ["--user", "{user}", "--corbado-id", "{person}"],
        asks=True,
        wrong=(
            ["--user", "nobody", "--corbado-id", "{person}"],
            ["--user", "{user}", "--corbado-id", NOBODY],
            ["--user", "{user}", "--corbado-id", "{linked_person}"],
            ["--user", "{linked}", "--corbado-id", "{person}"],
        ),
    ),
    "corbado_merge": Kind(
        ["--corbado-id", "{linked_person}", "--into", "{user}"],
        asks=True,
        wrong=(
            ["--corbado-id", NOBODY, "--into", "{user}"],
            ["--corbado-id", "{linked_person}", "--into", "nobody"],
            ["--corbado-id", "{linked_person}", "--into", "{linked}"],
        ),
    ),
    "corbado_migrate_users": Kind(["--rate=1000", "--concurrency=1"], asks=True),
    "corbado_migration_status": Kind([], writes=False),
    "corbado_prune_history": Kind(["--older-than", "30"], asks=True),
    "corbado_retire_passwords": Kind(["--sign-ins", "1"], asks=True),
    "corbado_switch": Kind(["off"]),
}
WRITING = [name for name, kind in COMMANDS.items() if kind.writes]
ASKING = [name for name, kind in COMMANDS.items() if kind.asks]
# Its index cannot be made in a transaction: tests/accounts/test_email_index.py makes it.
CHANGING = [name for name in WRITING if name != "corbado_email_index"]
# What nothing here writes, and is long.
OTHERS = {"contenttypes.contenttype", "auth.permission"}


class AnsweredThoroughBackend(AnsweredBackend, ThoroughBackend):
    """The backend of a site that does all that commands can do."""


@pytest.fixture
def names(corbado: Corbado, make_user: MakeUser, tmp_path: Path, settings: Any) -> dict[str, str]:
    """Give each command something to do; return who is who."""
    settings.AUTHENTICATION_BACKENDS = [MODEL_BACKEND, named(AnsweredThoroughBackend)]
    linked = make_user("erin@example.com", password="secret")
    person = corbado.add_user("erin@example.com")
    yesterday = timezone.now() - timedelta(days=1)
    fields = {
        "email": "erin@example.com",
        "first_sign_in_at": yesterday,
        "last_sign_in_at": yesterday,
        "sign_in_count": 3,
    }
    project = {"project_id": site.CORBADO_PROJECT_ID}
    CorbadoAccount.objects.create(user=linked, corbado_user_id=person.id, **project, **fields)
    Client().force_login(linked, MODEL_BACKEND)
    CorbadoAccount.objects.update(last_password_at=None)  # That was one.
    gone = corbado.add_user("gone@example.com")
    PendingDeletion.objects.create(corbado_user_id=gone.id, **project)
    SignInRecord.objects.create(at=timezone.now() - timedelta(days=90), outcome="signed_in")
    return {
        "folder": str(tmp_path),
        "linked": linked.get_username(),
        "linked_person": person.id,
        "person": corbado.add_user("other@example.com").id,
        "staff": make_user("boss@example.com", is_staff=True).get_username(),
        "user": make_user("ann@example.com").get_username(),
    }


def run(command: str, arguments: list[str], names: Mapping[str, str], *more: str) -> int:
    """Return the exit code."""
    given = [each.format_map(names) for each in arguments]
    out = StringIO()
    try:
        call_command(command, *given, *more, stdout=out, stderr=out)
    except SystemExit as stop:
        return int(stop.code or 0)
    except CommandError as error:
        print(out.getvalue(), error)
        return error.returncode
    return 0


def world(corbado: Corbado, names: Mapping[str, str]) -> list[object]:
    """Return all that a command might have changed."""
    index = EmailIndex.of_site()
    return [
        *(
            serialize("json", model._base_manager.order_by("pk"))
            for model in apps.get_models()
            if model._meta.label_lower not in OTHERS
        ),
        [each.path for each in corbado.requests if each.method != "GET"],
        index.statements() if index is not None and index.is_known else None,
        len(mail.outbox),
        sorted(Path(names["folder"]).iterdir()),
    ]


def options_of(command: str) -> set[str]:
    parser = load_command_class("corbado_auth", command).create_parser("manage.py", command)
    return {each for action in parser._actions for each in action.option_strings}


def test_no_command_is_left_out() -> None:
    ours = {name for name, app in get_commands().items() if app == "corbado_auth"}
    assert set(COMMANDS) == ours - {"corbado_emulator"}


@pytest.mark.parametrize("command", [*COMMANDS, "corbado_emulator"])
def test_help_fits_a_terminal_and_its_examples_can_be_pasted(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    parser = load_command_class("corbado_auth", command).create_parser("manage.py", command)
    lines = parser.format_help().splitlines()
    assert [line for line in lines if len(line) > 80 and not line.startswith("  ")] == []
    assert not [line for line in lines if line.startswith((f"  {command}", "  manage.py"))]


@pytest.mark.parametrize("command", COMMANDS)
def test_options_say_what_a_command_is(command: str) -> None:
    kind, options = COMMANDS[command], options_of(command)
    assert ("--dry-run" in options) == kind.writes
    assert ("--yes" in options) == kind.asks


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_and_a_command_that_reads_change_nothing(
    corbado: Corbado, names: dict[str, str], command: str
) -> None:
    before = world(corbado, names)
    dry = ["--dry-run"] if command in WRITING else []
    # The doctor finds fault with the test's site.
    expected = {"corbado_doctor": 1}.get(command, 0)
    assert run(command, COMMANDS[command].arguments, names, *dry) == expected
    assert world(corbado, names) == before


@pytest.mark.parametrize("command", CHANGING)
def test_without_it_the_same_arguments_change_something(
    corbado: Corbado, names: dict[str, str], command: str
) -> None:
    """Otherwise, the dry run above would prove nothing."""
    before = world(corbado, names)
    agreed = ["--yes"] if command in ASKING else []
    assert run(command, COMMANDS[command].arguments, names, *agreed) == 0
    assert world(corbado, names) != before


@pytest.mark.parametrize("command", ASKING)
def test_without_a_terminal_and_yes_nothing_is_begun(
    corbado: Corbado, names: dict[str, str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = world(corbado, names)
    with mock.patch("sys.stdin", mock.Mock(isatty=lambda: False)):
        assert run(command, COMMANDS[command].arguments, names) == 2
    assert "There is no terminal to ask on: add --yes to agree." in capsys.readouterr().out
    assert world(corbado, names) == before


@pytest.mark.parametrize("command", ASKING)
def test_nobody_has_to_agree(corbado: Corbado, names: dict[str, str], command: str) -> None:
    before = world(corbado, names)
    with (
        mock.patch("sys.stdin", mock.Mock(isatty=lambda: True)),
        mock.patch("builtins.input", return_value="n") as question,
    ):
        assert run(command, COMMANDS[command].arguments, names) == 2
    assert question.call_args.args[0].endswith("? [y/N] ")
    assert world(corbado, names) == before


@pytest.mark.parametrize("answer", [EOFError, KeyboardInterrupt])
def test_ctrl_d_and_ctrl_c_do_not_agree(
    corbado: Corbado, names: dict[str, str], answer: type[BaseException]
) -> None:
    with (
        mock.patch("sys.stdin", mock.Mock(isatty=lambda: True)),
        mock.patch("builtins.input", side_effect=answer),
    ):
        assert run("corbado_prune_history", ["--older-than", "30"], names) == 2
    assert SignInRecord.objects.exists()


def test_a_closed_standard_input_is_no_terminal(names: dict[str, str]) -> None:
    with mock.patch("sys.stdin", None):
        assert run("corbado_prune_history", ["--older-than", "30"], names) == 2
    assert SignInRecord.objects.exists()


WRONG = [(name, wrong) for name, kind in COMMANDS.items() for wrong in kind.wrong]


@pytest.mark.parametrize(("command", "arguments"), WRONG)
def test_a_wrong_user_or_id_is_exit_code_2(
    corbado: Corbado, names: dict[str, str], command: str, arguments: list[str]
) -> None:
    before = world(corbado, names)
    agreed = ["--yes"] if command in ASKING else []
    assert run(command, arguments, names, *agreed) == 2
    assert world(corbado, names) == before


@pytest.mark.parametrize("field", ["is_active", "id", "date_joined"])
def test_a_name_that_names_nobody_or_several_is_a_sentence(
    names: dict[str, str], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three users are active; and "True" is neither a number nor a time."""
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", field)
    problem = "Several users have" if field == "is_active" else "There is no user whose"
    for even_hidden in (False, True):
        with pytest.raises(CommandError, match=problem) as caught:
            find_user("True", even_hidden=even_hidden)
        assert caught.value.returncode == 2


def test_a_name_does_not_command_the_terminal(make_user: MakeUser) -> None:
    """It may come from an import that checked nothing."""
    make_user("ada@example.com", username="ada\x1b]0;owned\x07\x9b2J", is_staff=True)
    output = StringIO()
    call_command("corbado_invite_staff", "--all", "--dry-run", *ORIGIN, stdout=output)
    assert "Would invite ada�]0;owned��2J (ada@example.com)." in output.getvalue()
