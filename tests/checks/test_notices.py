"""Checks for sites that email people about their passkeys."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.core.checks import run_checks
from django.core.mail.backends.smtp import EmailBackend

from corbado_auth.checks import ids

SMTP = "django.core.mail.backends.smtp.EmailBackend"


class OurMailServer(EmailBackend):
    """A site's own variation of Django's."""


def found(settings: Any, backend: str, timeout: int | None, **changes: Any) -> list[str]:
    """Return the IDs of what the checks say about a site with this mailer."""
    changes = {"CORBADO_EMAIL_NOTICES": True, **changes}
    if django.VERSION >= (6, 1):
        options = {} if timeout is None else {"timeout": timeout}
        changes["MAILERS"] = {"default": {"BACKEND": backend, "OPTIONS": options}}
    else:
        changes |= {"EMAIL_BACKEND": backend, "EMAIL_TIMEOUT": timeout}
    for name, value in changes.items():
        setattr(settings, name, value)
    messages = run_checks(tags=["corbado_auth"])
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


@pytest.mark.parametrize("backend", [SMTP, f"{__name__}.OurMailServer"])
def test_a_mail_server_without_a_timeout_is_reported(settings: Any, backend: str) -> None:
    assert found(settings, backend, None) == [ids.EMAILS_WITHOUT_TIMEOUT]
    assert found(settings, backend, 5) == []
    assert found(settings, backend, None, CORBADO_EMAIL_NOTICES=False) == []


@pytest.mark.parametrize("backend", ["django.core.mail.backends.locmem.EmailBackend", "no.such.B"])
def test_a_backend_that_does_not_wait_is_not(settings: Any, backend: str) -> None:
    assert found(settings, backend, None) == []


@pytest.mark.parametrize(("secrets", "is_said"), [(None, True), (["corbado:made-up"], False)])
def test_connect_without_events_is_reported(
    settings: Any, secrets: list[str] | None, is_said: bool
) -> None:
    here = {"CORBADO_CONNECT": True, "CORBADO_WEBHOOK_SECRETS": secrets}
    assert (ids.EVENTS_OFF in found(settings, SMTP, 5, **here)) is is_said
    assert found(settings, SMTP, 5, **here, CORBADO_EMAIL_NOTICES=False) == []
