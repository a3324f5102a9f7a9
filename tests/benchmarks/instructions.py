"""The instructions of a returning sign-in, as valgrind counts them: load does not change them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.benchmarks.databases import POSTGRESQL, databases
from tests.benchmarks.earlier import EARLIER, MISSING, NOW, an_earlier_build
from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.workers import Site, Worker, a_worker
from tests.support.scripted_corbado import a_corbado

# Two numbers of sign-ins: what is the same for both, such as the order itself, cancels out.
FEW, MANY = 10, 60
TITLE, BEFORE, MOST = "Instructions", f"commit {EARLIER}", 0.80
TEXT = f"""\
The site's process runs under valgrind's callgrind, which counts the instructions that it executes
itself; the kernel, the database server and the stand-in for Corbado are not in it, and neither is
waiting. The figure is the difference between {MANY} and {FEW} returning sign-ins on PostgreSQL,
divided; it repeats within one or two hundredths. Without valgrind, and without the commit of the
earlier build, it is not measured."""


def measure() -> Result:
    """Count them now, in the earlier build where there is one, and in the view by hand."""
    if not all(map(shutil.which, ("valgrind", "callgrind_control"))):
        note = "valgrind is not installed here"
        return Result(TITLE, TEXT, [Mark(_what(BEFORE), None, at_most=MOST, note=note)])
    counted: dict[str, float] = {}
    with ExitStack() as stack:
        corbado = stack.enter_context(a_corbado())
        earlier = stack.enter_context(an_earlier_build())
        builds: list[tuple[str, Site, dict[str, str]]] = [("now", "ours", NOW.env)]
        builds += [(BEFORE, "ours", earlier.env)] if earlier else []
        builds += [("bare", "bare", {})]
        for name, site, env in builds:
            (database,) = stack.enter_context(databases(POSTGRESQL, site))
            counted[name] = _count(site, database, corbado, env)
    marks = [
        Mark(
            _what(name),
            counted["now"] / counted[name] if name in counted else None,
            at_most=MOST if name == BEFORE else None,
            note="" if name in counted else MISSING,
        )
        for name in (BEFORE, "bare")
    ]
    rows = [(name, f"{number:.2f}") for name, number in counted.items()]
    return Result(
        TITLE, TEXT, marks, [Table("A returning sign-in", ("", "millions of instructions"), rows)]
    )


def _what(other: str) -> str:
    return f"Instructions of a returning sign-in, PostgreSQL: now / {other}"


def _count(site: Site, database: dict[str, Any], corbado: str, env: dict[str, str]) -> float:
    """Return the millions of instructions of one sign-in."""
    with tempfile.TemporaryDirectory() as folder:
        callgrind = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--callgrind-out-file={folder}/counted",
        ]
        few, many = size(FEW, 2), size(MANY, 6)
        with a_worker(site, database, corbado, under=callgrind, **env) as worker:
            worker.tell("fill", users=MANY)
            worker.tell("rest")
            worker.tell("sign_in", kind="returning", first=0, last=many)
            base, more = (_while_signing_in(worker, folder, number) for number in (few, many))
    return (more - base) / (many - few) / 1e6


def _while_signing_in(worker: Worker, folder: str, number: int) -> int:
    worker.tell("forget_new")
    _control(worker, "--instr=on")
    worker.tell("sign_in", kind="returning", first=0, last=number)
    _control(worker, "--instr=off")
    before = set(Path(folder).iterdir())
    _control(worker, "--dump")
    (written,) = set(Path(folder).iterdir()) - before
    found = re.search(r"^totals: (\d+)", written.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, written
    return int(found[1])


def _control(worker: Worker, order: str) -> None:
    subprocess.run(["callgrind_control", order, str(worker.pid)], capture_output=True, check=True)
