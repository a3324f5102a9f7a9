"""Version, supported versions, extras and commands are the same wherever they are named."""

from __future__ import annotations

import configparser
import re
import runpy
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import corbado_auth

ROOT = Path(__file__).resolve().parents[2]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
README = (ROOT / "README.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
TEXTS = [*PAGES, ROOT / ".ci" / "run"]
# The oldest Python of each Django, from Django's own release notes.
OLDEST_PYTHON = {"5.2": "3.10", "6.0": "3.12", "6.1": "3.12"}


def classifiers(prefix: str) -> list[str]:
    """Return the versions that stand behind a classifier such as ``Framework :: Django``."""
    lines = SETUP["metadata"]["classifiers"].splitlines()
    found = [re.fullmatch(rf"{prefix} :: (\d+\.\d+)", line.strip()) for line in lines]
    return [match[1] for match in found if match]


PYTHONS = classifiers("Programming Language :: Python")
DJANGOS = classifiers("Framework :: Django")


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def floors(section: str, name: str) -> dict[str, str]:
    """Return the lowest version of each requirement."""
    lines = SETUP[section][name].split()
    return dict(line.split(">=") for line in lines)


# The version ------------------------------------------------------------------------------


def test_the_changelog_begins_with_the_version() -> None:
    heading = re.search(r"^## \[(\S+)\] - (\S+)$", CHANGELOG, re.MULTILINE)
    assert heading is not None
    assert heading[1] == corbado_auth.__version__
    assert heading[2] == "unreleased" or date.fromisoformat(heading[2])


def test_the_changelogs_versions_fall() -> None:
    versions = [number(each) for each in re.findall(r"^## \[(\d\S*)\]", CHANGELOG, re.MULTILINE)]
    assert versions == sorted(set(versions), reverse=True)


def test_the_documentation_shows_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", list(sys.path))  # It adds the repository.
    conf = runpy.run_path(str(ROOT / "docs" / "conf.py"))
    assert conf["version"] == conf["release"] == corbado_auth.__version__
    assert corbado_auth.__version__ in conf["html_title"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_another_version_of_ours(page: Path) -> None:
    named = re.findall(r"django-corbado-auth(?:\[\w+\])?[=~]=(\d[\d.]*)", page.read_text())
    assert set(named) <= {corbado_auth.__version__}


# What is supported ------------------------------------------------------------------------


def test_the_oldest_python_is_the_same_everywhere() -> None:
    oldest = PYTHONS[0]
    assert min(PYTHONS, key=number) == oldest
    assert SETUP["options"]["python_requires"] == f">={oldest}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert f"< ({oldest.replace('.', ', ')})" in (ROOT / "scripts" / "setup.sh").read_text()
    assert PYPROJECT["tool"]["tox"]["env"]["oldest"]["base_python"] == [f"python{oldest}"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_that_names_the_oldest_python_names_this_one(page: Path) -> None:
    named = re.findall(r"Python (3\.\d+) or newer", page.read_text())
    assert set(named) <= {PYTHONS[0]}


def test_the_readme_names_what_is_supported() -> None:
    pythons = f"Python {PYTHONS[0]} to {PYTHONS[-1]}"
    djangos = f"Django {', '.join(DJANGOS[:-1])} and {DJANGOS[-1]}"
    assert f"{pythons} and {djangos}" in README.replace("\n", " ")


def test_the_oldest_django_is_the_one_that_pip_may_install() -> None:
    floor = floors("options", "install_requires")["Django"]
    assert floor.startswith(f"{DJANGOS[0]}.")  # the last release of it that fixes security


def test_tox_has_every_valid_pair() -> None:
    valid = {
        f"py{python}-django{django}".replace(".", "")
        for python in PYTHONS
        for django in DJANGOS
        if number(python) >= number(OLDEST_PYTHON[django])
    }
    envs = PYPROJECT["tool"]["tox"]["env_list"]
    assert {each for each in envs if each.startswith("py")} == valid
    assert set(PYPROJECT["tool"]["tox"]["env"]) == {each for each in envs if each not in valid}


def test_every_pair_of_tox_has_the_django_that_it_is_named_after() -> None:
    rules = PYPROJECT["tool"]["tox"]["env_run_base"]["deps"]
    named = {rule["condition"]: rule["then"][0].split(",")[0] for rule in rules}
    assert named == {f"factor.django{v.replace('.', '')}": f"Django>={v}" for v in DJANGOS}


def test_tox_runs_the_oldest_that_each_requirement_allows() -> None:
    wanted = floors("options", "install_requires")
    for extra in ("emulator", "cli"):
        wanted |= floors("options.extras_require", extra)
    oldest = PYPROJECT["tool"]["tox"]["env"]["oldest"]["deps"]
    assert dict(line.split("==") for line in oldest) == wanted


# What the pages name ------------------------------------------------------------------------


def test_every_make_command_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = r"(?:^\$ |`|^)make ([a-z]+)"
    named = {name for page in TEXTS for name in re.findall(shown, page.read_text(), re.MULTILINE)}
    assert {"demo", "test"} <= named
    assert named - targets == set()


def test_every_extra_that_a_page_names_is_there() -> None:
    extras = set(SETUP["options.extras_require"])
    named = {
        name
        for page in PAGES
        for group in re.findall(r"django-corbado-auth\[([\w,]+)\]", page.read_text())
        for name in group.split(",")
    }
    assert "emulator" in named
    assert named - extras == set()


def test_every_file_that_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:tests|scripts|docs|corbado_auth)/[\w./-]+)`", text))
    assert "tests/test_architecture.py" in named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_variant_of_the_settings_is_run() -> None:
    special = {"__init__", "database", "one_call", "default", "scaling", "worker"}
    variants = {path.stem for path in (ROOT / "tests" / "settings").glob("*.py")} - special
    neighbours = {
        path.stem.removeprefix("test_") for path in (ROOT / "tests/neighbours").glob("test_*.py")
    }
    for script, name, modules in (
        ("test", "variants", variants - neighbours),
        ("neighbours", "neighbours", neighbours),
    ):
        text = (ROOT / f"scripts/{script}.sh").read_text()
        line = re.search(rf"^{name}=\(([^)]*)\)$", text, re.MULTILINE)
        assert line is not None
        assert set(line[1].split()) == modules
    assert neighbours <= variants


def test_the_dev_extra_is_in_order() -> None:
    _ours, *lines = SETUP["options.extras_require"]["dev"].split()
    names = [re.split(r"[\[~>=]", line)[0] for line in lines]
    assert names == sorted(names)
