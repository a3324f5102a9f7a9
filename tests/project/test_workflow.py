"""The workflow runs what .ci/run runs, and the other files of the repository fit the code."""

from __future__ import annotations

import re
import shlex
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.test_versions import DJANGOS, PYPROJECT, PYTHONS, SETUP

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
# tests/project/test_versions.py: every valid pair is there.
PAIRS = {env for env in PYPROJECT["tool"]["tox"]["env_list"] if env.startswith("py")}
ENDS = [f"django{DJANGOS[n].replace('.', '')}" for n in (0, -1)]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def made(text: str) -> set[str]:
    """Return the targets that a script makes."""
    return set(re.findall(r"\bmake ([a-z-]+)", text))


def environments(text: str) -> set[str]:
    """Return the environments of tox that a script runs."""
    return {env for envs in re.findall(r"-e ([a-z0-9,-]+)\"", text) for env in envs.split(",")}


def expanded(command: str, python: str, django: str) -> list[str]:
    """Return the words of a step of the matrix as its shell sees them."""
    script = f"PYTHON={python} DJANGO={django}; {command.replace('make ', 'printf %s ', 1)}"
    done = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    return shlex.split(done.stdout)


# The workflow -------------------------------------------------------------------------------


def test_every_step_makes_a_target_that_is_there() -> None:
    commands = [step["run"] for step in STEPS if "run" in step]
    assert commands
    assert [each for each in commands if not made(each) or made(each) - TARGETS] == []


def test_the_workflow_makes_all_that_ci_run_makes() -> None:
    ours = made((ROOT / ".ci/run").read_text())
    assert {"test", "dist"} <= ours
    assert ours - made("\n".join(step.get("run", "") for step in STEPS)) == set()


def test_the_matrix_has_every_valid_pair() -> None:
    matrix = JOBS["matrix"]["strategy"]["matrix"]
    assert (matrix["python"], matrix["django"]) == (PYTHONS, DJANGOS)
    left_out = [(each["python"], each["django"]) for each in matrix["exclude"]]
    pairs = [pair for pair in product(PYTHONS, DJANGOS) if pair not in left_out]
    (command,) = [step["run"] for step in JOBS["matrix"]["steps"] if "run" in step]
    assert {expanded(command, *pair)[-1] for pair in pairs} == PAIRS


def test_the_environments_of_tox_that_the_workflow_names_are_there() -> None:
    named = environments("\n".join(step.get("run", "") for step in STEPS))
    assert named == {"oldest", "newest", "postgresql"} | {f"neighbours-{each}" for each in ENDS}
    assert named <= set(PYPROJECT["tool"]["tox"]["env"])


def test_the_other_apps_run_on_the_newest_django_wherever_all_is_run() -> None:
    """``make test`` has the Django that its Python allows; one of 5.2 here, perhaps."""
    assert f"neighbours-{ENDS[1]}" in environments((ROOT / ".ci/run").read_text())


@pytest.mark.parametrize("job", ["requirements", "neighbours"])
def test_a_job_of_both_ends_has_the_pythons_of_both(job: str) -> None:
    (setup,) = [step["with"] for step in JOBS[job]["steps"] if "with" in step][1:]
    (command,) = [step["run"] for step in JOBS[job]["steps"] if "run" in step]
    (envs,) = re.findall(r"-e ([a-z0-9,-]+)\"", command)
    wanted = [PYPROJECT["tool"]["tox"]["env"][env]["base_python"] for env in envs.split(",")]
    assert [[f"python{each}"] for each in setup["python-version"].split()] == wanted


@pytest.mark.parametrize("job", ["postgresql", "neighbours", "mariadb"])
def test_a_service_is_where_the_tests_look_for_it(job: str) -> None:
    (command,) = [step for step in JOBS[job]["steps"] if "run" in step]
    (variable,) = command["env"]
    ((name, service),) = JOBS[job]["services"].items()
    assert variable == f"TEST_{name.upper()}_HOST"
    assert variable in PYPROJECT["tool"]["tox"]["env_run_base"]["pass_env"]
    assert service["ports"] == [{"postgresql": "5432:5432", "mariadb": "3306:3306"}[name]]


def test_the_workflow_may_only_read_and_no_job_runs_for_ever() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "timeout-minutes" not in job] == []
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(JOBS)
    assert [each for each in checkouts if each["with"]["persist-credentials"] is not False] == []


# The other files ----------------------------------------------------------------------------


def test_pre_commit_has_the_ruff_that_lint_has() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    (ruff,) = [each for each in hooks if "ruff" in each["repo"]]
    (wanted,) = re.findall(r"^ruff~=(.*)$", SETUP["options.extras_require"]["dev"], re.MULTILINE)
    assert ruff["rev"] == f"v{wanted}"


def test_read_the_docs_builds_what_make_docs_builds() -> None:
    config = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())
    assert (ROOT / config["sphinx"]["configuration"]).is_file()
    assert config["sphinx"]["fail_on_warning"]
    assert config["build"]["tools"]["python"] in PYTHONS
    (install,) = config["python"]["install"]
    assert set(install["extra_requirements"]) <= set(SETUP["options.extras_require"])


def test_dependabot_looks_where_requirements_are() -> None:
    files = {"github-actions": ".github/workflows", "npm": "package.json", "pip": "setup.cfg"}
    for update in yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]:
        folder = ROOT / update["directory"].lstrip("/")
        assert (folder / files.pop(update["package-ecosystem"])).exists()
    assert files == {}


@pytest.mark.parametrize("form", ["bug", "feature"])
def test_a_form_for_issues_asks_each_thing_once(form: str) -> None:
    body = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{form}.yml").read_text())["body"]
    asked = [field["id"] for field in body if field["type"] != "markdown"]
    assert asked
    assert sorted(asked) == sorted(set(asked))


def test_blame_looks_past_commits_that_are_there() -> None:
    lines = (ROOT / ".git-blame-ignore-revs").read_text().splitlines()
    commits = [line for line in lines if line and not line.startswith("#")]
    assert commits
    assert [each for each in commits if not re.fullmatch(r"[\da-f]{40}", each)] == []
    if git("rev-parse", "--is-shallow-repository") == "false":
        assert [each for each in commits if git("merge-base", each, "HEAD") != each] == []


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
