"""Start ``corbado_migrate_users`` as a process of its own: to be killed, or beside another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def start_worker(
    database: Mapping[str, Any], corbado_url: str, *arguments: str
) -> subprocess.Popen[str]:
    """Start it; its output can be read once it has ended."""
    return subprocess.Popen(
        [sys.executable, "-m", "django", "corbado_migrate_users", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings.worker",
            "WORKER_CORBADO": corbado_url,
            "WORKER_DATABASE": json.dumps(database),
        },
    )
