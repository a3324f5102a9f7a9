"""The admin, the commands and the end of a person's sessions with a million accounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.benchmarks.cpu import peak_of
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.rows import ADD_ACCOUNTS, ADD_SESSIONS, ADD_USERS
from tests.benchmarks.site import Site, a_site
from tests.support.scripted_corbado import a_corbado
from tests.support.worker import ROOT

LARGE, THERE, SMALL = 1_000_000, 100_000, 1_000
TIMES = 9
PROJECT_ID = "pro-1234567890"
# They came within the last hundred days, up to seven times; two of three have a password.
LIVED_IN = (
    "UPDATE corbado_auth_corbadoaccount SET sign_in_count = mod(id, 8),"
    " last_sign_in_at = now() - mod(id, 100) * interval '1 day' - mod(id, 86000) * interval '1 s'",
    "UPDATE auth_user SET password = CASE WHEN mod(id, 3) = 0 THEN '!none'"
    " ELSE 'pbkdf2_sha256$1000000$' || repeat('s', 22) || '$' || repeat('h', 44) END",
)
LIST = "/admin/corbado_auth/corbadoaccount/"
PAGES = {
    "address, whole": ({"q": "{last}@example.com"}, 50),
    "address at Corbado, the beginning": ({"q": "{last}@"}, 50),
    "Corbado ID": ({"q": "usr-{last}"}, 50),
    "user name, the beginning": ({"q": "user{last}"}, 50),
    "sorted by last sign-in": ({"o": "-3"}, 200),
    "last page": ({"p": "{pages}"}, 500),
}
TEXT = """\
One PostgreSQL with a million users, each with an account, and the index that `corbado_email_index`
creates. Pages of the admin are opened by a superuser in one process, as whole requests; the figure
is the median of {times}. Commands are processes of their own, Python's start included. The
comparison has {there:,} people at a stand-in for Corbado, which answers after 20 ms, and as many
accounts here, without that index. Sessions are Django's, in the database: a million rows of other
people's, and three of the person whose sessions end."""


def measure() -> Result:
    """Fill one database, and measure one after the other."""
    marks: list[Mark] = []
    number = size(LARGE, 20_000)
    there = size(THERE, 5_000)
    peaks: dict[int, dict[str, float]] = {}
    with a_site() as site, a_corbado("--delay=0.02", f"--people={there}") as corbado:
        _fill(site, SMALL)
        peaks[SMALL] = _peaks(site, corbado)
        _fill(site, there)
        seconds = _run(site, corbado, "corbado_compare")[0]
        marks.append(_seconds(f"`corbado_compare`, {there:,} there, 20 ms a call", seconds, 15))
        _fill(site, number)
        site.execute('CREATE INDEX corbado_auth_email ON auth_user ((UPPER("email")))')
        site.execute("VACUUM ANALYZE")
        marks += _admin(number)
        for name, arguments, most in (
            ("dry run", [], 1),
            ("dry run with report", ["--report", os.devnull], 4),
        ):
            runs = [
                _run(site, corbado, "corbado_retire_passwords", "--dry-run", *arguments)[0]
                for _time in range(3)
            ]
            what = f"`corbado_retire_passwords`, {name}, {number:,} accounts"
            marks.append(_seconds(what, median(runs), most))
        peaks[number] = _peaks(site, corbado)
        marks += _endings(site, number)
    rows = [
        (f"`{name}`", f"{peaks[SMALL][name]:.1f}", f"{peaks[number][name]:.1f}")
        for name in peaks[SMALL]
    ]
    most = max(peaks[number][name] - peaks[SMALL][name] for name in peaks[SMALL])
    what = f"Peak memory of any of these commands at {number:,} accounts, over that at {SMALL:,}"
    marks.append(Mark(what, most, "MB", at_most=10))
    header = ("command", f"{SMALL:,} accounts, MB", f"{number:,} accounts, MB")
    return Result(
        "A million accounts",
        TEXT.format(times=TIMES, there=THERE),
        marks,
        [Table("Peaks of the resident memory", header, rows)],
    )


def _seconds(what: str, value: float, most: float) -> Mark:
    return Mark(what, value, "s", at_most=most)


def _fill(site: Site, number: int) -> None:
    site.execute("TRUNCATE auth_user RESTART IDENTITY CASCADE")
    site.execute(ADD_USERS, [0, number - 1])
    site.execute(ADD_ACCOUNTS, [PROJECT_ID, 0, number - 1])
    for statement in LIVED_IN:
        site.execute(statement)
    site.execute("VACUUM FULL ANALYZE auth_user")
    site.execute("VACUUM FULL ANALYZE corbado_auth_corbadoaccount")


def _admin(number: int) -> list[Mark]:
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.test.utils import override_settings

    boss = get_user_model().objects.create_superuser("boss", "boss@example.com", None)
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    marks = []
    with override_settings(ROOT_URLCONF="tests.urls", ALLOWED_HOSTS=["testserver"]):
        for name, (query, most) in PAGES.items():
            words = {"last": number - 7, "pages": number // 50}
            filled = {key: value.format(**words) for key, value in query.items()}
            taken = [_time_of(lambda query=filled: _open(client, query)) for _ in range(TIMES)]
            what = f"Account list in the admin, {name}, {number:,} accounts"
            marks.append(Mark(what, 1000 * median(taken), "ms", at_most=most))
    return marks


def _open(client: Any, query: dict[str, str]) -> None:
    response = client.get(LIST, query)
    assert response.status_code == 200, response
    assert b"usr-" in response.content, response.content


def _time_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _endings(site: Site, number: int) -> list[Mark]:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.test.utils import override_settings
    from django.utils import timezone

    from corbado_auth.sessions.ending import end_sessions
    from corbado_auth.sign_in_record import ListedSession

    site.execute("TRUNCATE django_session")
    site.execute(ADD_SESSIONS, [0, number])
    site.execute("VACUUM ANALYZE django_session")
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    people = get_user_model().objects.all()
    marks = []
    for name, is_listed, usable in (
        ("who has no password", False, 0),
        ("who has a password, where sessions are listed", True, 1),
    ):
        taken = []
        for turn in range(TIMES):
            user = people.get(pk=3 * (turn + 1) + usable)
            for _browser in range(3):
                session = SessionStore()
                session["_auth_user_id"] = str(user.pk)
                session.create()
                if is_listed:
                    ListedSession.objects.create(
                        user=user, session_key=session.session_key, signed_in_at=timezone.now()
                    )
            with override_settings(CORBADO_SESSION_LIST=is_listed):
                taken.append(_time_of(lambda user=user: end_sessions([user])))
        what = f"Ending all sessions of a person {name}, {number:,} sessions"
        marks.append(Mark(what, 1000 * median(taken), "ms", at_most=10))
    return marks


def _peaks(site: Site, corbado: str) -> dict[str, float]:
    commands = (
        ["corbado_retire_passwords", "--dry-run", "--report", os.devnull],
        ["corbado_compare"],
    )
    return {each[0]: _run(site, corbado, *each)[1] for each in commands}


def _run(site: Site, corbado: str, *arguments: str) -> tuple[float, float]:
    """Run a command; return the seconds, and the peak of its memory in MB."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "django", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings.worker",
            "WORKER_CORBADO": corbado,
            "WORKER_DATABASE": json.dumps(site.database),
        },
    )
    peak = peak_of(process)
    assert process.returncode in {0, 1}, arguments
    return time.monotonic() - began, peak
