"""Find the identifier for what was typed: Corbado's pre-login action (API notes C.3.4).

At Corbado this is a script that the site writes and that calls the site's identifier endpoint. The
emulator calls that endpoint itself; without one, what was typed is the identifier.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corbado_auth.emulator import webhooks
from corbado_auth.emulator.connect.switches import UNEXPECTED, switches
from corbado_auth.emulator.project import Project


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """An identifier, or the reason for a fallback; without a ``code`` it is silent."""

    identifier: str = ""
    code: str = ""
    message: str = ""


def resolve(project: Project, typed: str) -> Resolution:
    """Call the site's identifier endpoint, once: a browser is waiting."""
    turned = switches(project)
    if not turned.identifierURL:
        return Resolution(identifier=typed)
    delivery = webhooks.send(
        project,
        action="preLogin",
        url=turned.identifierURL,
        credentials=turned.identifierCredentials,
        body={"identifier": typed},
        username=typed,
    )
    answer = _json_object(delivery.answer) if delivery.status == 200 else None
    if answer is None or not isinstance(answer.get("identifier"), str):
        # What Corbado does when an action fails is unknown (INFERRED 36).
        return Resolution(code=UNEXPECTED, message="The identifier endpoint did not answer.")
    if answer["identifier"]:
        return Resolution(identifier=answer["identifier"])
    error = answer.get("error")
    if not isinstance(error, dict) or error.get("return") is False:
        return Resolution()
    return Resolution(
        code=str(error.get("code") or "untyped"), message=str(error.get("message") or "")
    )


def _json_object(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
