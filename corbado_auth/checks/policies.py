"""Do the policies in the settings let our pages work?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured

from corbado_auth.policies import blocked, denied_features

from . import ids

Messages = Iterator[CheckMessage]


def check_policies(**kwargs: Any) -> list[CheckMessage]:
    """Check SECURE_CSP, CONTENT_SECURITY_POLICY (django-csp) and PERMISSIONS_POLICY.

    A view or a proxy may send others: ``corbado_doctor --origin`` reads those that arrive.
    """
    django_csp = _mapping("CONTENT_SECURITY_POLICY").get("DIRECTIVES")
    return [
        *_content("SECURE_CSP", _mapping("SECURE_CSP"), "csp.allow({…}, globals())"),
        *_content(
            "CONTENT_SECURITY_POLICY",
            django_csp if isinstance(django_csp, Mapping) else {},
            '{"DIRECTIVES": csp.allow({…}, globals())}',
        ),
        *_permissions(),
    ]


def _content(name: str, policy: Mapping[str, Any], remedy: str) -> Messages:
    try:
        found = blocked(policy)
    except ImproperlyConfigured:
        return  # Has a message of its own.
    if found:
        missing = "; ".join(f"{directive} {source}" for directive, source in found)
        yield Warning(
            f"{name} blocks Corbado's component on our pages. It allows no {missing}.",
            hint=f"Add what is missing: {name} = {remedy}, with csp from corbado_auth. If only the "
            "login page should allow it, set the policy on its view.",
            id=ids.CSP_BLOCKS_CORBADO,
        )


def _permissions() -> Messages:
    denied = denied_features(_mapping("PERMISSIONS_POLICY"))
    if denied:
        yield Warning(
            f"PERMISSIONS_POLICY denies {' and '.join(denied)}: browsers silently offer no "
            "passkey.",
            hint="Delete these lines, or write: "
            + ", ".join(f'"{feature}": "self"' for feature in denied),
            id=ids.PASSKEYS_DENIED,
        )


def _mapping(name: str) -> Mapping[str, Any]:
    value = getattr(settings, name, None)
    return value if isinstance(value, Mapping) else {}
