"""Examine the site that results from a page: run as a script, in the site's folder.

probe.py PACKAGE JSON: import modules, compile template files, render templates, run the checks. A
name that a template uses but nothing defines is an error here, not an empty string.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

import django


def main(package: str, what: dict[str, list[str]]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = f"{package}.settings"
    django.setup()
    from django.core.checks import WARNING, run_checks
    from django.template.loader import get_template
    from django.test.utils import setup_test_environment
    from django.urls import get_resolver

    setup_test_environment()
    for module in what["modules"]:
        importlib.import_module(module)
    get_resolver().url_patterns  # noqa: B018 -- imports the URLconf
    for message in run_checks():
        known = message.is_silenced() or message.id in what["known_checks"]
        if message.level >= WARNING and not known:
            sys.exit(f"The site's checks: {message}")
    for name in what["template_files"]:
        get_template(name)
    for text in what["templates"]:
        render(text)


def render(text: str) -> None:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.messages.storage.fallback import FallbackStorage
    from django.contrib.sessions.backends.db import SessionStore
    from django.template import engines
    from django.test import RequestFactory

    request = RequestFactory().get("/page/")
    request.user = AnonymousUser()
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    engine = engines["django"]
    engine.engine.string_if_invalid = "NOTHING IS CALLED %s HERE"
    rendered = engine.from_string(text).render({}, request)
    if "NOTHING IS CALLED" in rendered:
        sys.exit(f"{text}\nrenders as\n{rendered}")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
