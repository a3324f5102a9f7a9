"""Run ``corbado_migrate_users`` in this process, over users who may move."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from corbado_auth.models import CorbadoAccount

USERS = "/v1/users"
FAST = ("--concurrency=1", "--rate=100000")


def run(*arguments: str) -> tuple[str, int]:
    """Return what the command prints, and its exit code."""
    out = io.StringIO()
    try:
        call_command("corbado_migrate_users", *FAST, *arguments, stdout=out, no_color=True)
    except CommandError as error:
        return f"{out.getvalue()}\n{error}", error.returncode
    return out.getvalue(), 0


def add_users(number: int) -> list[Any]:
    """Save this many users who may move, quickly."""
    model = get_user_model()
    return model._default_manager.bulk_create(
        model(username=f"user{number}", email=f"user{number}@example.com")
        for number in range(number)
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a report."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moved() -> int:
    """Count the users who have an account row."""
    return CorbadoAccount.objects.count()
