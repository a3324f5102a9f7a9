"""Someone from support, who acts as a customer, tries every door of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse

import corbado_auth.headless.urls
import corbado_auth.urls
from corbado_auth.testing import Corbado

FORMS: list[dict[str, str]] = [
    {},
    {"answer": "never"},
    {"answer": "add"},
    {"name": "mine"},
    {"decline": "yes"},
    {"others": "yes"},
]
BODIES: list[dict[str, str]] = [
    {},
    {"type": "passkey-append"},
    {"type": "passkey-delete"},
    {"email": "mallory@example.com"},
]
# What looking at a page writes: which passkeys there were, and which sessions there are.
OF_LOOKING = {"KnownPasskeys", "ListedSession"}
SIGNING_OUT = {"logout", "sign-out"}


def try_all_doors(client: Client, corbado: Corbado, passkey_id: str) -> list[str]:
    """Send everything to every URL of ours; return what that has changed or asked for."""
    done = []
    with override_settings(CORBADO_CONNECT="both", CORBADO_SESSION_LIST=True):
        for url in _urls(passkey_id):
            before, asked = _rows(), len(corbado.requests)
            client.get(url)
            for form in FORMS:
                client.post(url, form)
            for body in BODIES:
                client.post(url, json.dumps(body), content_type="application/json")
            client.delete(url)
            if _rows() != before:
                done.append(f"{url} changed rows")
            for call in corbado.requests[asked:]:
                if call.method == "DELETE" or "Tokens" in call.path:
                    done.append(f"{url} asked for {call.method} {call.path}")
    return done


def _urls(passkey_id: str) -> Iterator[str]:
    for app in (corbado_auth.urls, corbado_auth.headless.urls):
        for pattern in app.urlpatterns:
            if pattern.name in SIGNING_OUT:
                continue
            name = f"{app.app_name}:{pattern.name}"
            try:
                yield reverse(name)
            except NoReverseMatch:
                yield reverse(name, args=[passkey_id])


def _rows() -> dict[str, dict[str, Any]]:
    models = [*apps.get_app_config("corbado_auth").get_models(), get_user_model()]
    return {
        f"{model.__name__} {row.pk}": {
            field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields
        }
        for model in models
        if model.__name__ not in OF_LOOKING
        for row in model._base_manager.all()
    }
