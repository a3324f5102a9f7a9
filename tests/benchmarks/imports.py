"""What the app adds to the start of a site: CPU time, memory and modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.marks import Mark, Result, Table, size
from tests.benchmarks.rounds import Comparison
from tests.support.worker import ROOT

ROUNDS = 60
SITE = """
import gc, json, os, sys, time
gc.disable()
import django
django.setup()
from django.contrib.auth import get_backends
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
get_wsgi_application()
get_backends()
get_resolver().reverse_dict
seconds = time.process_time()
gc.collect()
pages = int(open("/proc/self/statm").read().split()[1])
print(json.dumps([seconds, pages * os.sysconf("SC_PAGE_SIZE"), sorted(sys.modules)]))
"""
PYTHON = """
import gc, json, sys, time
gc.disable()
{}
print(json.dumps([time.process_time(), 0, sorted(sys.modules)]))
"""
# Each says how much CPU its process has used, how much memory it holds, and what it has loaded.
SCRIPTS = {
    "with": ("ours", SITE),
    "without": ("empty", SITE),
    "requests": ("empty", PYTHON.format("import requests")),
    "python": ("empty", PYTHON.format("")),
}
# What none of a site's start needs, and what costs: it may come with the first question.
HEAVY = ("requests", "urllib3", "ssl", "http.client", "werkzeug", "webauthn", "pytest")
TEXT = """\
A site with Django's own apps starts in a fresh process, all of its URLs loaded: once without the
app, once with it in INSTALLED_APPS, its backend and its URLs. The difference is what the app costs.
`import requests` is measured the same way, over an empty Python. All code is compiled beforehand,
as it is once a package is installed, and the garbage collector is off: one pass over everything
that Django has loaded takes as long as importing the app, and which side it would count for is a
matter of chance. Memory is resident memory."""


def measure() -> Result:
    """Start each in turns."""
    rounds: dict[str, list[Any]] = {name: [] for name in SCRIPTS}
    with TemporaryDirectory() as compiled:
        for number in range(1 + size(ROUNDS, 5)):
            for name, (site, script) in SCRIPTS.items():
                run = _run(site, script, compiled)
                # The first one compiles, as installing a package does.
                if number:
                    rounds[name].append(run)
    cpu = {name: [found[0] for found in runs] for name, runs in rounds.items()}
    app = Comparison(cpu["with"], cpu["without"])
    client = Comparison(cpu["requests"], cpu["python"])
    memory = median(found[1] for found in rounds["with"]) - median(
        found[1] for found in rounds["without"]
    )
    modules = [set(rounds[name][0][2]) for name in ("without", "with")]
    added = sorted(modules[1] - modules[0])
    heavy = [name for name in HEAVY if name in added]
    return Result(
        "The start of a site",
        TEXT,
        [
            Mark(
                "CPU of importing the app, over that of `import requests`",
                app.difference / client.difference,
                "",
                at_most=0.25,
                note=f"{1000 * app.difference:.1f} ms, {1000 * client.difference:.1f} ms",
            ),
            Mark("Resident memory that the app adds", memory / 2**20, "MB", at_most=1.5),
            Mark(
                "Heavy modules imported before they are needed",
                len(heavy),
                "modules",
                at_most=0,
                is_count=True,
                note=", ".join(heavy),
            ),
        ],
        [Table("Modules that come with the app", ("modules",), [(", ".join(added),)])],
    )


def _run(site: str, script: str, compiled: str) -> Any:
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": compiled,
            "WORKER_CORBADO": "",
            "WORKER_DATABASE": '{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}',
            "WORKER_SITE": site,
        },
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)
