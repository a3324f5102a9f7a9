"""What goes wrong in the browser is in the log of the site, once, and nowhere else."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from corbado_auth.connect import problems
from corbado_auth.testing import Corbado
from tests.support.vouching import ours

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connect")]

PROBLEMS = "/corbado/connect/problems/"
SCRIPT = Path(problems.__file__).parents[1] / "static/corbado_auth/connect.js"


def report(client: Client, problem: Any = "script_blocked", **extra: Any) -> Any:
    return client.post(PROBLEMS, {"problem": problem}, content_type="application/json", **extra)


@pytest.mark.parametrize("problem", problems.PROBLEMS)
def test_a_problem_is_one_line_with_its_reason(
    client: Client, corbado: Corbado, caplog: pytest.LogCaptureFixture, problem: str
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    with CaptureQueriesContext(connection) as queries:
        answer = report(client, problem)
    assert (answer.status_code, answer.json(), len(queries)) == (200, {}, 0)
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    (record,) = ours(caplog)
    assert (record.event, record.reason) == ("connect_problem", problem)
    assert record.getMessage().endswith(f"({problem})")
    assert corbado.requests == []


def test_our_script_reports_these_and_no_others() -> None:
    text = SCRIPT.read_text("utf-8")
    reported = set(re.findall(r'(?:report\(options, |problem = )"(\w+)"', text))
    assert reported == set(problems.PROBLEMS)


@pytest.mark.parametrize("problem", ["", None, 7, ["script_blocked"], {}, "a\nforged line"])
def test_nothing_else_reaches_the_log(
    client: Client, caplog: pytest.LogCaptureFixture, problem: Any
) -> None:
    caplog.set_level(logging.INFO, "corbado_auth")
    answer = report(client, problem)
    assert (answer.status_code, answer.json()["error"]) == (400, "unknown_problem")
    assert [record.getMessage() for record in ours(caplog)] == [
        "Connect: report refused (unknown_problem)"
    ]


def test_another_sites_report_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    answer = report(Client(enforce_csrf_checks=True))
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert "connect_problem" not in {record.event for record in ours(caplog)}


def test_neither_one_visitor_nor_many_flood_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _time in range(problems.PER_VISITOR + 2):
        assert report(client).status_code == 200
    assert len(ours(caplog)) == problems.PER_VISITOR
    # Frequent problems leave room for rare ones.
    report(client, "script_slow")
    assert len(ours(caplog)) == problems.PER_VISITOR + 1
    caplog.clear()
    cache.clear()
    for number in range(problems.PER_MINUTE + 5):
        assert report(client, REMOTE_ADDR=f"192.0.2.{number}").status_code == 200
    assert len(ours(caplog)) == problems.PER_MINUTE


def test_without_the_setting_there_is_nothing(client: Client, connect: Any) -> None:
    connect.CORBADO_CONNECT = False
    assert report(client).status_code == 404


def test_the_url_has_its_name() -> None:
    assert reverse("corbado_auth:connect-problems") == PROBLEMS
