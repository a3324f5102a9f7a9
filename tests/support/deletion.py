"""What the tests of deletions at Corbado have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import TestCase

from corbado_auth.testing import Corbado

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
TURNED_ON = [MODEL_BACKEND, "tests.support.backends.ThoroughBackend"]


@contextmanager
def committed() -> Iterator[None]:
    """Run what waits for the commit, as the end of a transaction does."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        yield


def deleted_at(corbado: Corbado) -> list[str]:
    """Return the IDs of the Corbado users whose deletion was asked for."""
    return [
        request.path.rpartition("/")[2]
        for request in corbado.requests
        if request.method == "DELETE"
    ]


def local_users() -> Any:
    """Return the manager of the user model."""
    return get_user_model()._default_manager


def delete_pending(*arguments: str) -> str:
    """Run the command, and return what it prints."""
    out = StringIO()
    call_command("corbado_delete_pending", "--rate=1000", "--yes", *arguments, stdout=out)
    return out.getvalue()
