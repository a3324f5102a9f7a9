"""Measure speed and size, and write docs/performance.md.

Without names: all of them. With names: these, and nothing is written.
A missed count (queries, calls, connections) makes the exit code 1; ratios are reported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.marks import QUICK_VARIABLE, Mark, Result

ROOT = Path(__file__).resolve().parent.parent.parent
# Not in the repository: the results of the last runs, for a closer look.
RAW = ROOT / "test-results" / "benchmarks"

# Each module has `def measure() -> Result`; the order is that of the page.
BENCHMARKS = {
    "sign-in": "tests.benchmarks.sign_in",
    "against-earlier": "tests.benchmarks.against_earlier",
    "instructions": "tests.benchmarks.instructions",
    "session-list": "tests.benchmarks.session_list",
    "first-sign-in": "tests.benchmarks.first_sign_in",
    "connections": "tests.benchmarks.connections",
    "throughput": "tests.benchmarks.throughput",
    "slow-corbado": "tests.benchmarks.slow_corbado",
    "many-at-once": "tests.benchmarks.many_at_once",
    "imports": "tests.benchmarks.imports",
    "password-verify": "tests.benchmarks.password_verify",
    "test-kit": "tests.benchmarks.kit",
    "many-users": "tests.benchmarks.many_users",
    "at-scale": "tests.benchmarks.at_scale",
    "sessions": "tests.benchmarks.sessions",
    "migration-throughput": "tests.benchmarks.migration_throughput",
    "migration-memory": "tests.benchmarks.migration_memory",
    "test-suite": "tests.benchmarks.suite",
}


def main() -> int:
    """Run them one after the other; return the exit code."""
    names, options = _arguments()
    if options.write:
        return _write_from_last_run()
    RAW.mkdir(parents=True, exist_ok=True)
    machine = report.machine()
    results: dict[str, Result] = {}
    broken: list[str] = []
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        try:
            result = _run(name, quick=options.quick)
        except subprocess.CalledProcessError:
            broken.append(name)
            result = _broken(name)
        results[name] = result
        for mark in result.marks:
            print(_line(mark), flush=True)
        print(f"{result.seconds:.0f} s", flush=True)
    marks = [mark for result in results.values() for mark in result.marks]
    print(f"\n{_summary(marks)}")
    if broken:
        print(f"Broken: {', '.join(broken)}.", file=sys.stderr)
    if not names and not options.quick:
        machine["load when it ended"] = f"{os.getloadavg()[0]:.2f}"
        _keep(machine, results)
        report.write(ROOT / "docs", machine, results)
        print("Written: docs/performance.md")
    return 1 if broken or any(mark.is_count and mark.is_missed for mark in marks) else 0


def _arguments() -> tuple[list[str], argparse.Namespace]:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="There are: " + ", ".join(BENCHMARKS),
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    parser.add_argument(
        "--write", action="store_true", help="only write the page again, from the last whole run"
    )
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(BENCHMARKS)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return options.names, options


def _run(name: str, *, quick: bool) -> Result:
    """Run one in a process of its own, away from the imports, memory and site of another."""
    file = RAW / f"{name}.json"
    file.unlink(missing_ok=True)
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.alone", BENCHMARKS[name], str(file)],
        cwd=ROOT,
        check=True,
        env={**os.environ, QUICK_VARIABLE: "1" if quick else ""},
    )
    return Result.from_json(json.loads(file.read_text(encoding="utf-8")))


def _line(mark: Mark) -> str:
    note = f"  ({mark.note})" if mark.note else ""
    return f"{mark.verdict:<7} {mark.what}: {mark.figure}; {mark.bound or 'no mark'}{note}"


def _broken(name: str) -> Result:
    """Return what the page says of a benchmark that broke off, so that the others are not lost."""
    return Result(
        f"`{name}`", "It broke off.", [Mark(f"All of `{name}`", None, note="it broke off")]
    )


def _summary(marks: list[Mark]) -> str:
    rows = [mark for mark in marks if mark.bound or mark.value is None]
    others = [f"{mark.verdict}: {mark.what}" for mark in rows if not mark.held]
    return "\n".join([f"{report.outcome(rows)}.", *others])


def _keep(machine: dict[str, str], results: dict[str, Result]) -> None:
    data = {
        "machine": machine,
        "ended": datetime.now(UTC).isoformat(),
        "results": {name: result.as_json() for name, result in results.items()},
    }
    (RAW / "last-run.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


def _write_from_last_run() -> int:
    file = RAW / "last-run.json"
    if not file.exists():
        print("There is no whole run to write from: run it without names first.", file=sys.stderr)
        return 1
    data = json.loads(file.read_text(encoding="utf-8"))
    results = {name: Result.from_json(result) for name, result in data["results"].items()}
    report.write(ROOT / "docs", data["machine"], results)
    print("Written: docs/performance.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
