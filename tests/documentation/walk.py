"""Follow a page as its reader would: run every block, on a site in its own folder.

What to do with a block follows from its language, its first line (``# shop/forms.py`` is a file,
and ``# shop/urls.py, at the end`` is added to one), its content (settings, URLs, tests), or a
comment above it that no reader sees (blocks.py), with one or more of these, separated by
semicolons:

    file NAME              a Python block that is a whole file
    replace FILE PREFIX    lines of a file that begin so, and the comment above them, are replaced
    migration LABEL        a class Migration that is applied, and taken back, on this app's tables
    shell                  Python that runs in the site; what follows in the comment runs before
    first STEP             call a function of steps.py before the block
    with OPTIONS           more words for the block's commands, for the sake of a quick test
    answer TEXT            what the reader types when a command asks
    fails                  the command's exit code is not 0, though nothing is shown

A block without any of these fails; so does a command that has no runner.
"""

from __future__ import annotations

import ast
import configparser
import json
import os
import pty
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.documentation import steps
from tests.support.blocks import PATH_LINE, ROOT, Block

PROBE = Path(__file__).parent / "probe.py"
# How README and guides write "keep what you have": it has to hold when the block is run, too.
KEPT = re.compile(r"^( *)(\w+) = \[\n( *)# the existing ones, and$", re.MULTILINE)
REPORT = re.compile(r"[\w-]+\.(csv|jsonl?)")
# Progress lines that a command prints on a slow machine.
PROGRESS = re.compile(r"^[\d,]+ of [\d,]+ users .*\n", re.MULTILINE)
# These tell Python how to behave, or coverage to measure: readers have none of them.
OURS = ("COVERAGE_", "DJANGO_", "PYTEST_", "PYTHON")
TIMEOUT = 120


class Walk:
    """One site, one page, block after block; ``finish()`` looks at what came of it."""

    def __init__(
        self,
        folder: Path,
        package: str,
        environment: Mapping[str, str],
        *,
        reports: Path | None = None,
    ) -> None:
        self.folder = folder
        # Where commands write the files that they are told to write.
        self.reports = reports or folder
        self.package = package  # the folder of settings.py and urls.py
        bin_folder = Path(sys.executable).parent
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "100",
            **environment,
        }
        self.modules: list[str] = []
        self.templates: list[str] = []
        self.template_files: list[str] = []
        self.tests = 0
        # What `check` says on the page, it may say at the end, too.
        self.known_checks: set[str] = set()
        # What the page says -> what it is in this run: a port that is free, an ID that was made up.
        self.stands_for: dict[str, str] = {}
        self.servers: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, block: Block) -> None:
        """Do with one block what its reader does."""
        # "html+django" is HTML to its reader; only the highlighter has to know.
        runner = getattr(self, f"run_{block.language.partition('+')[0]}", None)
        assert runner is not None, f"{block}: nothing runs {block.language or 'such'} blocks"
        if step := block.option("first"):
            getattr(steps, step)(self)
        runner(block)

    # Languages ----------------------------------------------------------------------------------

    def run_python(self, block: Block) -> None:
        text = KEPT.sub(r"\1\2 = [\n\3*\2,", block.text)
        named = PATH_LINE.match(block.first_line)
        if (before := block.option("shell")) is not None:
            self.succeed([sys.executable, "-c", f"{SHELL}{before}\n{text}"], block)
        elif label := block.option("migration"):
            self.succeed([sys.executable, "-c", f"{SHELL}{text}{MIGRATE.format(label)}"], block)
        elif name := block.option("file"):
            self.write(name, text)
        elif where := block.option("replace"):
            self.replace(*where.split(), text)
        elif named:
            self.write(named[1], text, at_the_end=bool(named[2]))
        elif re.search(r"^ *(?:async )?def test_", text, re.MULTILINE):
            self.tests += len(re.findall(r"^ *(?:async )?def test_", text, re.MULTILINE))
            self.write(f"test_line_{block.line}.py", text)
        elif is_settings(text):
            self.write(f"{self.package}/settings.py", text, at_the_end=True)
        elif "urlpatterns = [" in text:
            self.write(f"{self.package}/urls.py", text, at_the_end=True)
        else:
            raise AssertionError(f"{block}: what is this, a file, settings, URLs, a test?")

    def run_html(self, block: Block) -> None:
        named = PATH_LINE.match(block.first_line)
        if named:
            self.write(named[1], block.text)
            self.template_files.append(named[1].rpartition("templates/")[2])
        else:
            self.templates.append(block.text)

    def run_css(self, block: Block) -> None:
        """Compare the variables that a page sets with those that the pages read."""
        ours = (ROOT / "corbado_auth/static/corbado_auth/corbado_auth.css").read_text("utf-8")
        for variable in re.findall(r"(--corbado-auth-[\w-]+):", block.text):
            assert f"var({variable})" in ours, f"{block}: {variable}"

    def run_console(self, block: Block) -> None:
        for command, shown in commands_of(block):
            self.command(command, shown, block)

    def run_sh(self, block: Block) -> None:
        self.succeed(["bash", "-eu", "-c", block.text], block)

    def run_json(self, block: Block) -> None:
        json.loads(block.text)

    def run_toml(self, block: Block) -> None:
        tomllib.loads(block.text)

    def run_ini(self, block: Block) -> None:
        configparser.ConfigParser(interpolation=None, strict=True).read_string(block.text)

    # Commands -----------------------------------------------------------------------------------

    def command(self, command: str, shown: str, block: Block) -> None:
        """Run one command line and compare what it prints, where the page shows that."""
        words = shlex.split(command, comments=True)
        if (known := getattr(self, f"command_{words[0]}", None)) is not None:
            known(words, block)
            return
        if words[0] in {"python", ".venv/bin/python"}:
            words[0] = sys.executable
        else:
            assert words[0] in {"django-admin", "pytest"}, f"{block}: who runs {command!r}?"
        words += shlex.split(block.option("with") or "")
        words = [str(self.reports / word) if REPORT.fullmatch(word) else word for word in words]
        if words[1:3] == ["-m", "venv"]:
            words.append("--without-pip")
        if words[2:3] in (["runserver"], ["corbado_emulator"]):
            self.serve(words, shown, block)
            return
        answer = block.option("answer")
        done = self.start(words, answer)
        printed = PROGRESS.sub("", self.as_shown(done.stdout))
        if answer:
            printed = printed.replace("[y/N] ", f"[y/N] {answer}\n")
        fails = "CommandError" in shown or block.option("fails") is not None
        assert bool(done.returncode) == fails, f"{block}\n$ {command}\n{printed}"
        if shown:
            assert matches(shown, printed), f"{block}\n$ {command}\nshown:\n{shown}\nis:\n{printed}"

    def command_pip(self, words: list[str], block: Block) -> None:
        """Compare ``pip install`` with the package's name and extras."""
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg", encoding="utf-8")
        assert words[1] in {"install", "uninstall"}, f"{block}: what does {words[1]} do?"
        for word in words[2:]:
            found = re.fullmatch(r"([\w-]+)(?:\[([\w,]+)\])?", word)
            assert found, f"{block}: {word}"
            if found[1] == setup["metadata"]["name"]:
                extras = set((found[2] or "").split(",")) - {""}
                assert extras <= setup["options.extras_require"].keys(), f"{block}: {word}"

    def command_cd(self, words: list[str], block: Block) -> None:
        self.folder = self.reports = self.folder / words[1]
        self.environment["PYTHONPATH"] = str(self.folder)
        assert self.folder.is_dir(), block

    def command_source(self, words: list[str], block: Block) -> None:
        assert (self.folder / words[1]).is_file(), block

    def command_export(self, words: list[str], block: Block) -> None:
        for word in words[1:]:
            name, _equals, value = word.partition("=")
            self.environment[name] = self.as_run(value)

    def serve(self, words: list[str], shown: str, block: Block) -> None:
        """Start a server, and wait until it has printed what the page shows."""
        if words[2] == "runserver":
            words += ["--noreload", self.as_run("127.0.0.1:8000")]
        else:
            site = self.as_run("http://localhost:8000/corbado/")
            words += ["--redirect-url", f"{site}redirect/", "--application-url", f"{site}login/"]
            if "CORBADO_CONNECT" in (self.folder / self.package / "settings.py").read_text("utf-8"):
                words += ["--identifier-url", f"{site}webhooks/connect/identifier/"]
        log = self.reports / f"{words[2]}.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.servers[words[2]] = server
        deadline = time.monotonic() + TIMEOUT
        while not matches(shown, printed := self.as_shown(log.read_text())):
            assert server.poll() is None, f"{block}\nhas ended:\n{printed}"
            assert time.monotonic() < deadline, f"{block}\nshown:\n{shown}\nis:\n{printed}"
            time.sleep(0.1)

    def stop(self, server: str) -> None:
        """End a server; not by SIGINT, which whatever a script starts in the background ignores."""
        process = self.servers.pop(server)
        process.terminate()
        process.wait(TIMEOUT)

    def as_run(self, text: str) -> str:
        """Turn what the page says into what is true in this run."""
        for shown, real in self.stands_for.items():
            text = text.replace(shown, real)
        return text

    def as_shown(self, text: str) -> str:
        """Turn what was printed into what the page says."""
        for shown, real in self.stands_for.items():
            text = text.replace(real, shown)
        return text

    def start(
        self, words: list[str], answer: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        # A command asks at a terminal alone.
        person, terminal = pty.openpty() if answer else (None, None)
        if person is not None:
            os.write(person, f"{answer}\n".encode())
        try:
            return subprocess.run(
                [self.as_run(word) for word in words],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=TIMEOUT,
            )
        finally:
            for end in filter(None, (person, terminal)):
                os.close(end)

    def succeed(self, words: list[str], what: object) -> str:
        done = self.start(words)
        assert done.returncode == 0, f"{what}\n{done.stdout}"
        return done.stdout

    def write(self, name: str, text: str, *, at_the_end: bool = False) -> None:
        """Write a file of the site, or add to one."""
        path, text = self.folder / name, self.as_run(text)
        assert path.resolve().is_relative_to(self.folder.resolve()), name
        if at_the_end:
            assert path.exists(), f"{name} is not there"
            path.write_text(f"{path.read_text('utf-8')}\n{text}", "utf-8")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        if name.endswith(".py") and not name.startswith("test_"):
            self.modules.append(name.removesuffix(".py").replace("/", "."))

    def replace(self, name: str, prefix: str, text: str) -> None:
        """Replace some lines of a file, and the comment above them, with a block."""
        old = (self.folder / name).read_text("utf-8")
        lines = rf"((?:^# .*\n)*^{re.escape(prefix)}.*\n)+"
        new, count = re.subn(lines, "", old, flags=re.MULTILINE)
        assert count, f"{name} has no lines that begin with {prefix}"
        self.write(name, f"{new}\n{text}")

    # The end ------------------------------------------------------------------------------------

    def finish(self) -> None:
        """End the servers; import, render and check everything, and run the page's tests."""
        for server in list(self.servers):
            self.stop(server)
        if self.modules or self.templates or self.template_files:
            what = json.dumps(
                {
                    "modules": self.modules,
                    "templates": self.templates,
                    "template_files": self.template_files,
                    "known_checks": sorted(self.known_checks),
                }
            )
            self.succeed([sys.executable, str(PROBE), self.package, what], "the site of the page")
        if self.tests:
            words = ["-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:schemathesis"]
            words += ["-p", "no:cacheprovider"]
            words += [f"--ds={self.package}.settings", "-o", "python_files=test_line_*.py"]
            printed = self.succeed([sys.executable, *words], "the tests of the page")
            assert f"{self.tests} passed" in printed, printed


SHELL = """
import django
django.setup()
"""


MIGRATE = """
from django.apps import apps
from django.db import connection
from django.db.migrations.state import ProjectState

migration = Migration("0001_of_the_page", "{}")
before = ProjectState.from_apps(apps)
with connection.schema_editor(atomic=migration.atomic) as editor:
    after = migration.apply(before.clone(), editor)
with connection.schema_editor(atomic=migration.atomic) as editor:
    migration.unapply(before, editor)
"""


def is_settings(text: str) -> bool:
    """Return whether there are only imports and settings in a block."""

    def is_setting(node: ast.stmt) -> bool:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return True
        if isinstance(node, ast.Assign):
            names = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            names = [node.target]
        else:
            return False
        return all(isinstance(name, ast.Name) and name.id.isupper() for name in names)

    body = ast.parse(text).body
    return all(map(is_setting, body)) and not all(
        isinstance(node, ast.Import | ast.ImportFrom) for node in body
    )


def commands_of(block: Block) -> Iterable[tuple[str, str]]:
    """Take a console block apart: each command line, and what is shown below it."""
    text = block.text.replace("\\\n", "")
    assert text.startswith("$ "), f"{block}: a console block begins with a command"
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _line_end, shown = part.partition("\n")
        yield command, shown


def matches(shown: str, printed: str) -> bool:
    """Compare line by line; ``…`` on the page stands for anything, alone on a line for several."""
    lines = [line.rstrip() for line in shown.strip("\n").splitlines()]
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r" *\n"
        for line in lines
    )
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None
