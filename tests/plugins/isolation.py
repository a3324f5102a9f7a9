"""No test depends on those before it, in whatever order they run (a pytest plugin).

A fixture for a whole module or session may change what stands in ``_process`` only before the first
test; else the test that it is made for is blamed.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import signals as auth_signals
from django.contrib.auth.backends import ModelBackend
from django.core import signals as core_signals
from django.core.cache import cache
from django.db.models import signals as model_signals
from django.dispatch import Signal
from django.urls import clear_script_prefix, set_urlconf
from django.utils import timezone, translation

from corbado_auth import passwords, telemetry
from corbado_auth import signals as our_signals
from corbado_auth.corbado_api.service import FILTER_SEEN

# What pytest sets itself while a test runs, and what libraries of the tests set once.
ENVIRONMENT_OF_OTHERS = ("PYTEST_", "COVERAGE_", "COV_", "DJANGO_ALLOW_ASYNC_UNSAFE")
LOGGERS = ("corbado_auth", "django", "django.request", "django.security", "django.db.backends")

_BEFORE = pytest.StashKey[dict[str, Any]]()


@pytest.fixture(autouse=True)
def _fresh_thread() -> None:
    """Begin without what Django keeps from the last request: language, time zone and prefix."""
    translation.deactivate()
    timezone.deactivate()
    clear_script_prefix()
    set_urlconf(None)


@pytest.fixture(autouse=True)
def _empty_memory() -> None:
    """Begin without what the last test left in the cache and in the process."""
    cache.clear()
    FILTER_SEEN.clear()
    telemetry._secrets.set(())
    # A backend that a test had patched looks like another one.
    passwords._takes_passwords.cache_clear()
    passwords._compares_hashes.cache_clear()
    passwords._takes_passwords(ModelBackend)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Look at the process before the first fixture of a test."""
    item.stash[_BEFORE] = _process()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail the test that changes the process, rather than one that happens to come after it."""
    yield
    changes = _changes(item.stash[_BEFORE], _process())
    assert not changes, f"Left behind: {changes}"


def _process() -> dict[str, Any]:
    """Describe what a test could change for all that follow."""
    return {
        "environment": {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(ENVIRONMENT_OF_OTHERS)
        },
        "working directory": os.getcwd(),
        "import path": list(sys.path),
        "signal receivers": {name: len(each.receivers) for name, each in _signals()},
        "loggers": {
            name: (logger.level, logger.disabled, logger.propagate, len(logger.handlers))
            for name, logger in ((name, logging.getLogger(name)) for name in LOGGERS)
        },
        "tables": {model._meta.label: model._meta.db_table for model in apps.get_models()},
        "signal handlers": [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)],
        "garbage collection": gc.isenabled(),
        "time-out of sockets": socket.getdefaulttimeout(),
    }


def _changes(before: Any, after: Any) -> Any:
    """Return what differs, as deep as dicts go."""
    if not isinstance(before, dict):
        return f"{before} became {after}"
    return {
        name: _changes(before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    }


def _signals() -> Iterator[tuple[str, Signal]]:
    for module in (auth_signals, core_signals, model_signals, our_signals):
        for name, value in vars(module).items():
            # Objects that come and go, like caches, listen to setting_changed.
            if isinstance(value, Signal) and name != "setting_changed":
                yield f"{module.__name__}.{name}", value
