"""Sessions in a real Redis are found by whose they are, and end."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.scaling.servers import Redis


@pytest.mark.django_db
def test_every_session_of_a_person_with_a_password_ends(
    make_user: Callable[..., Any], settings: Any, tmp_path: Path
) -> None:
    redis = Redis(tmp_path)
    try:
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{redis.port}/0",
                "KEY_PREFIX": "shop",
            }
        }
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        browsers = {}
        for name in ("erin", "finn"):
            make_user(f"{name}@example.com", username=name, password="made-up")
            browsers[name] = Client()
            assert browsers[name].login(username=name, password="made-up")
        out = StringIO()
        call_command("corbado_end_sessions", "--user", "erin", "--yes", stdout=out)
        assert out.getvalue() == "Ended 1 session of erin.\n"
        assert browsers["erin"].get("/account/").status_code == 302
        assert browsers["finn"].get("/account/").status_code == 200
    finally:
        redis.stop()
