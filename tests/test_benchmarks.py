"""The framework of the benchmarks: which marks are held, and what the page and its plots say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.db.models import Model

from corbado_auth.models import ConnectAccount, CorbadoAccount
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import plots, report
from tests.benchmarks.earlier import an_earlier_build
from tests.benchmarks.marks import Mark, Plot, Result, Table
from tests.benchmarks.rounds import Comparison, in_turns
from tests.benchmarks.working import ADD_ACCOUNTS, ADD_CONNECT_ACCOUNTS

BARS = Plot("a", "Cost", "who", "ms", "bars", {"cpu": [("ours", 2.0), ("<bare>", 1.5)]}, mark=3.0)
LINES = Plot(
    "b", "Growth", "users", "ms", "lines", {"a": [(1, 1), (1000, 2)], "b": [(1, 2)]}, log_x=True
)
RESULT = Result(
    "A sign-in",
    "How it was done.",
    marks=[
        Mark("queries", 7, "queries", at_most=6, is_count=True),
        Mark("cpu", 1.1004, "", at_most=1.1),
        Mark("calls", 1, "calls", at_most=1, at_least=1, is_count=True),
        Mark("cpu of ours", 2.345, "ms"),
    ],
    tables=[Table("By kind", ("kind", "queries"), [("returning | any", 5)])],
    plots=[BARS, LINES],
)


@pytest.mark.parametrize(
    ("bounds", "held"),
    [
        ({"at_most": 2.0}, True),
        ({"at_most": 1.99}, False),
        ({"at_least": 2.0}, True),
        ({"at_least": 2.01}, False),
        ({"at_least": 1, "at_most": 3}, True),
        ({}, True),
    ],
)
def test_a_mark_is_held_within_its_bounds(bounds: dict[str, float], held: bool) -> None:
    assert Mark("what", 2.0, "", **bounds).held is held


def test_a_figure_just_over_its_mark_is_not_printed_as_the_mark() -> None:
    mark = Mark("cpu", 1.104, "", at_most=1.1)

    assert (mark.figure, mark.bound, mark.verdict) == ("1.104", "at most 1.10", "missed")


def test_a_result_survives_being_passed_between_processes() -> None:
    there = json.loads(json.dumps(RESULT.as_json()))

    assert report.page({"date": "today"}, {"a": Result.from_json(there)}) == report.page(
        {"date": "today"}, {"a": RESULT}
    )


def test_the_page_has_each_mark_with_its_figure_and_what_became_of_it() -> None:
    page = report.page({"date": "2026-11-25"}, {"a": RESULT})

    assert "| queries | 7 queries | at most 6 queries | missed |" in page
    assert "| calls | 1 call | 1 call | held |" in page
    assert "(1 of 3 marks held, 2 missed)." in " ".join(page.split())
    assert "the run of 2026-11-25" in page
    assert "| cpu of ours | 2.35 ms |" in page
    assert "| returning \\| any | 5 |" in page


def test_the_page_says_what_was_not_measured_and_why() -> None:
    absent = [Mark("instructions", None, at_most=0.8, note="valgrind is not installed here")]
    page = report.page({"date": "today"}, {"a": RESULT, "b": Result("Counted", "", absent)})

    assert (
        "| instructions |  | at most 0.80 | not measured | valgrind is not installed here |" in page
    )
    assert "(1 of 4 marks held, 2 missed, 1 not measured)." in " ".join(page.split())


def test_the_page_claims_in_plain_words_only_what_the_marks_of_the_run_prove() -> None:
    claim = "pages stay quick while Corbado is slow or gone"
    for figure, is_claimed in ((2.0, True), (4.0, False)):
        marks = [Mark("p95 of a page, Corbado hangs", figure, "", at_most=3)]
        page = report.page({"date": "today"}, {"a": Result("Slow", "", marks)})
        assert (claim in page.lower().replace("corbado", "Corbado")) is is_claimed


def test_what_breaks_off_or_cannot_be_measured_costs_no_other_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "test-suite", "gone"])
    monkeypatch.setattr(benchmarks, "RAW", tmp_path)
    monkeypatch.setitem(benchmarks.BENCHMARKS, "gone", "tests.benchmarks.gone")

    assert benchmarks.main() == 1
    printed = capsys.readouterr().out
    assert "Time of `make test`" in printed
    assert "not measured All of `gone`" in printed


@pytest.mark.parametrize("plot", [BARS, LINES], ids=["bars", "lines"])
def test_a_plot_tells_a_screen_reader_what_it_shows(plot: Plot, tmp_path: Path) -> None:
    plots.draw(plot, tmp_path / "plot.svg")

    svg = ElementTree.parse(tmp_path / "plot.svg").getroot()  # noqa: S314
    assert svg.get("role") == "img"
    assert svg.findtext("{*}title") == plot.title
    assert svg.findtext("{*}desc") == plots.description(plot)


def test_the_same_plot_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        plots.draw(BARS, tmp_path / name)

    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_the_page_shows_the_plots_that_are_there_and_no_older_ones(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "performance-old.svg").write_text("old")
    report.write(tmp_path, {"date": "today"}, {"a": RESULT})

    page = (tmp_path / "performance.md").read_text()
    assert re.findall(r"\]\((images/[^)]+)\)", page) == [
        "images/performance-a.svg",
        "images/performance-b.svg",
    ]
    assert sorted(file.name for file in images.iterdir()) == [
        "performance-a.svg",
        "performance-b.svg",
    ]


def test_a_ratio_is_the_median_of_rounds_and_not_of_all_times() -> None:
    """In the second round the machine was busy, and both halves met it."""
    found = Comparison(ours=[2.0, 30.0, 4.0], theirs=[1.0, 10.0, 4.0])

    assert (found.ratio, found.difference) == (2.0, 1.0)


def test_each_of_two_goes_first_in_every_other_round() -> None:
    order: list[str] = []

    def turn(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns(lambda: turn("ours"), lambda: turn("bare"), rounds=2, warm_up=1)

    assert order == ["bare", "ours", "ours", "bare", "bare", "ours"]
    assert (found.ours, found.theirs) == ([3.0, 6.0], [4.0, 5.0])


@pytest.mark.parametrize(
    ("statement", "model"),
    [(ADD_ACCOUNTS, CorbadoAccount), (ADD_CONNECT_ACCOUNTS, ConnectAccount)],
)
def test_the_rows_of_a_million_people_have_every_column(statement: str, model: type[Model]) -> None:
    """They are written by SQL of the benchmark's own, which no migration changes."""
    named = set(re.findall(r"\w+", statement.partition("(")[2].partition(")")[0]))
    fields = model._meta.concrete_fields
    needed = {each.column for each in fields if not each.null and not each.primary_key}
    assert needed <= named


def test_an_earlier_build_is_that_of_its_commit() -> None:
    with an_earlier_build("HEAD") as build:
        assert build is not None
        assert (build.folder / "corbado_auth" / "apps.py").is_file()
        printed = subprocess.run(
            [sys.executable, "-c", "import corbado_auth, tests; print(corbado_auth.__file__)"],
            env={**os.environ, **build.env},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert printed.startswith(str(build.folder))
        tree = (build.folder / "corbado_auth").resolve().parent
    assert not tree.exists()


def test_a_clone_without_that_commit_leaves_it_out(capsys: pytest.CaptureFixture[str]) -> None:
    with an_earlier_build("0" * 40) as build:
        assert build is None
    assert "This clone has no commit 0000" in capsys.readouterr().err
