"""The architecture holds: import contracts, the size of modules, where settings are read."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import corbado_auth

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "corbado_auth"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [path for path in MODULES if "migrations" not in path.parts]
LONGEST_FILE = 350
EMULATOR_MAY_IMPORT = {
    *("corbado_auth", "cryptography", "webauthn", "werkzeug"),
    *("_typeshed", *sys.stdlib_module_names),
}

# Folders of the machine that a text was written on have no meaning on any other.
MACHINE_PATHS = re.compile(r"/(?:work|root|tmp|home/\w+|Users/\w+)/[\w.-]+")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def committed_texts() -> list[Path]:
    """Return what git tracks and is text; outside a clone, nothing can be said."""
    git = shutil.which("git")
    assert git, "This test asks git for the committed files."
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def settings_read(tree: ast.AST) -> Iterator[str]:
    """Yield each CORBADO_ setting that a module takes from Django's settings."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="settings"), attr=name):
                pass
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr"),
                args=[ast.Name(id="settings"), ast.Constant(value=str(name)), *_],
            ):
                pass
            case _:
                continue
        if name.startswith("CORBADO_"):
            yield name


def imported_packages(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def test_texts_end_as_the_pre_commit_hooks_leave_them() -> None:
    """One line end at the end, no blanks before it; Markdown has two blanks for a line break."""
    for path in committed_texts():
        if path.suffix not in {".po", ".svg"} and (text := path.read_text("utf-8")):
            assert text == text.rstrip("\n") + "\n", path
            bad = [
                line
                for line in text.splitlines()
                if line != line.rstrip() and not (path.suffix == ".md" and line.endswith("  "))
            ]
            assert bad == [], path


def test_the_import_contracts_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint_imports, "--config", "setup.cfg", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", ROOMS, ids=name_of)
def test_a_room_is_small_enough_to_read(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("path", [path for path in MODULES if path.stat().st_size], ids=name_of)
def test_annotations_are_never_evaluated(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    futures = [
        alias.name
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    ]
    assert "annotations" in futures or not body


@pytest.mark.parametrize(
    "path",
    # The project in effect decides where conf.py finds the other settings.
    [path for path in ROOMS if path.name not in {"conf.py", "projects.py"}],
    ids=name_of,
)
def test_only_conf_reads_a_corbado_setting(path: Path) -> None:
    assert list(settings_read(ast.parse(path.read_text("utf-8")))) == []


def test_conf_does_read_corbado_settings() -> None:
    """Proves that the check above can fail."""
    conf = ast.parse((PACKAGE / "conf.py").read_text("utf-8"))
    names = set(settings_read(conf)) | set(
        re.findall(r"\bCORBADO_[A-Z_]+\b", ast.unparse(conf)),
    )
    assert {"CORBADO_PROJECT_ID", "CORBADO_API_SECRET"} <= names


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("emulator/**/*.py")), ids=name_of)
def test_the_emulator_needs_what_its_extra_names_only(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert set(imported_packages(tree)) <= EMULATOR_MAY_IMPORT


def test_the_package_itself_imports_nothing() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    assert set(imported_packages(tree)) <= {"__future__"}


def test_django_and_requests_are_all_it_needs() -> None:
    lines = setup_cfg()["options"]["install_requires"].split()
    assert sorted(re.split(r"[<>=~!]", line)[0] for line in lines) == ["Django", "requests"]


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert versions[0] == corbado_auth.__version__


def test_no_committed_text_names_a_path_of_a_machine() -> None:
    found = {
        name_of(path): sorted(set(hits))
        for path in committed_texts()
        if (hits := MACHINE_PATHS.findall(path.read_text("utf-8", errors="replace")))
    }
    assert found == {}
