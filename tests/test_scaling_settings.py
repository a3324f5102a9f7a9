"""Django and our checks accept the settings of docs/scaling.md."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.scaling.blocks import blocks
from tests.support.worker import ROOT

STAGES = {
    "one box": ["one box"],
    "several web hosts": ["one box", "several web hosts"],
    "sessions that outlive Redis": [
        "one box", "several web hosts", "sessions that outlive Redis",
    ],
    "a read replica": ["one box", "several web hosts", "a read replica"],
    "PgBouncer": ["one box", "several web hosts", "PgBouncer"],
}  # fmt: skip


def test_every_stage_of_the_page_is_tried() -> None:
    named = {name.removeprefix("settings.py: ") for name in blocks() if name.startswith("settings")}
    assert named == set(STAGES)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_site_with_these_settings_passes_the_checks(stage: list[str]) -> None:
    made_up = {
        "DJANGO_SETTINGS_MODULE": "tests.settings.scaling",
        "SCALING_BLOCKS": ", ".join(f"settings.py: {name}" for name in stage),
        "SCALING_CORBADO": "http://127.0.0.1:9000",
        "DATABASE_HOST": "localhost",
        "DATABASE_NAME": "site",
        "DATABASE_USER": "site",
        "DATABASE_PASSWORD": "made-up",
        "REPLICA_HOST": "localhost",
        "PGBOUNCER_HOST": "localhost",
        "PGBOUNCER_PORT": "6432",
        "SECRET_KEY": "only-for-the-tests",
        "REDIS_URL": "redis://localhost:6379/0",
    }
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "django", "check"],
        cwd=ROOT, env={**os.environ, **made_up}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "System check identified no issues" in result.stdout, result.stdout + result.stderr
