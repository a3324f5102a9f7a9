"""Corbado's own SDKs, each run by a script of its own that prints what came back as JSON."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corbado_auth.emulator import Emulator
from tests.emulator import conftest as of_the_emulator
from tests.plugins.strict import ROOT

HERE = Path(__file__).parent
NODE_MODULES = ROOT / "tests" / "browser" / "node_modules"
NODE_SDK = NODE_MODULES / "@corbado" / "node-sdk"
NODE_SDK_2 = NODE_MODULES / "corbado-node-sdk-2"
PYTHON_SDK, PYTHON_SDK_2 = "passkeys==1.0.0", "passkeys==2.0.3"
TIMEOUT_IN_SECONDS = 120
INSTALL_TIMEOUT_IN_SECONDS = 600
# It makes an environment in less time than pip takes to start.
UV = (sys.executable, "-m", "uv", "--no-progress", "--quiet")

_running, emulator = of_the_emulator._running, of_the_emulator.emulator

# Run one call of an SDK: its name, then what it is called with.
Call = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: each call starts a process."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def node_sdk(emulator: Emulator) -> Call:
    """Return the function that calls npm's ``@corbado/node-sdk`` 1.1.16."""
    return _caller(emulator, _node(NODE_SDK), HERE / "node_sdk.mjs")


@pytest.fixture
def node_sdk_2(emulator: Emulator) -> Call:
    """Return the function that calls npm's ``@corbado/node-sdk`` 2.1.3."""
    return _caller(emulator, _node(NODE_SDK_2), HERE / "node_sdk_2.mjs")


def _node(sdk: Path) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not here. Debian and Ubuntu: apt-get install nodejs")
    if not sdk.is_dir():
        pytest.skip("Corbado's Node.js SDK is not here: npm ci --prefix tests/browser")
    return node


@pytest.fixture
def python_sdk(emulator: Emulator, pytestconfig: pytest.Config) -> Call:
    """Return the function that calls PyPI's ``passkeys`` 1, for API v1."""
    return _caller(emulator, _sdk_python(pytestconfig, PYTHON_SDK), HERE / "python_sdk.py")


@pytest.fixture
def python_sdk_2(emulator: Emulator, pytestconfig: pytest.Config) -> Call:
    """Return the function that calls PyPI's ``passkeys`` 2, for API v2."""
    return _caller(emulator, _sdk_python(pytestconfig, PYTHON_SDK_2), HERE / "python_sdk_2.py")


def _sdk_python(pytestconfig: pytest.Config, requirement: str) -> Path:
    """Return the Python that has this SDK, whose dependencies must not mix with ours.

    It is made once and kept in pytest's cache.
    """
    folder = pytestconfig.cache.mkdir(f"sdk-{requirement.replace('==', '-')}")
    installed = folder / "installed"
    with (folder / "lock").open("w") as lock:
        # The other workers of pytest-xdist wait here.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            _make_environment(folder / "venv", requirement)
            installed.touch()
    return folder / "venv" / "bin" / "python"


def _make_environment(folder: Path, requirement: str) -> None:
    subprocess.run([*UV, "venv", "--clear", "--python", sys.executable, folder], check=True)
    result = subprocess.run(
        [*UV, "pip", "install", "--python", folder / "bin" / "python", requirement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_TIMEOUT_IN_SECONDS,
        env={**os.environ, "UV_SYSTEM_CERTS": "1"},  # as pip does
    )
    if result.returncode:
        reason = result.stderr.strip().rpartition("\n")[-1]
        pytest.skip(f"{requirement} cannot be installed: {reason}")


def _caller(emulator: Emulator, interpreter: str | Path, script: Path) -> Call:
    config = emulator.config
    # No proxy of this machine: axios would use it for loopback too.
    inherited = {"PATH", "HOME", "LANG"} & os.environ.keys()
    environment = {name: os.environ[name] for name in inherited}

    def call(name: str, *arguments: str) -> Any:
        result = subprocess.run(
            [interpreter, script, emulator.url, config.project_id, config.api_secret]
            + [name, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_IN_SECONDS,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return call
