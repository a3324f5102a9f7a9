"""What a site's Content-Security-Policy and Permissions-Policy keep our pages from doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .csp import sources, values_of

__all__ = ["blocked", "denied_features", "parse_permissions", "parse_policy"]

# Features of a Permissions-Policy without which browsers silently offer no passkey.
PASSKEY_FEATURES = ("publickey-credentials-create", "publickey-credentials-get")
# The fallbacks for a directive that a policy does not have (CSP Level 3, section 6.8.3).
STAND_INS = {
    "connect-src": ("connect-src", "default-src"),
    "script-src": ("script-src-elem", "script-src", "default-src"),
}
# Placeholders for a nonce: Django's sentinel, and the name of django-csp's.
NONCE_SENTINELS = ("<CSP_NONCE_SENTINEL>", "csp.constants.NONCE")


def blocked(policy: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what a policy blocks on our pages, as (directive, source).

    Styles are left out: without them, the component looks odd but works.
    """
    found = []
    for directive, names in STAND_INS.items():
        name = next((each for each in names if policy.get(each) not in (None, False)), None)
        if name is None:
            continue
        present = [str(value).lower() for value in values_of(policy[name])]
        needed = sources()[directive]
        if directive == "script-src":
            if any(map(_is_nonce, present)):
                continue  # Our tags have the page's nonce.
            if "'strict-dynamic'" in present:
                present = []  # Hosts are ignored then (CSP Level 3, section 8.2).
        found += [(directive, source) for source in needed if not _allows(present, source.lower())]
    return found


def denied_features(policy: Mapping[str, Iterable[str]]) -> list[str]:
    """List the features for passkeys that a Permissions-Policy keeps from the site's own pages."""
    return [
        feature
        for feature in PASSKEY_FEATURES
        if feature in policy and not {"self", "*"} & set(values_of(policy[feature]))
    ]


def parse_policy(header: str) -> dict[str, list[str]]:
    """Parse the header Content-Security-Policy; of a repeated directive, the first one counts."""
    found: dict[str, list[str]] = {}
    for name, *values in _directives(header):
        found.setdefault(name.lower(), values)
    return found


def _directives(header: str) -> Iterator[list[str]]:
    return (words for words in (part.split() for part in header.split(";")) if words)


def parse_permissions(header: str) -> dict[str, list[str]]:
    """Parse the header Permissions-Policy: ``feature=(self "https://…"), other=*``."""
    found = {}
    for part in header.split(","):
        name, equals, value = part.strip().partition("=")
        if equals:
            found[name.strip().lower()] = value.partition(";")[0].strip(" ()").split()
    return found


def _allows(present: Iterable[str], source: str) -> bool:
    """Return whether one of these sources covers the one that is needed."""
    return any(value == source or _covers(value.rstrip("/"), source) for value in present)


def _covers(value: str, source: str) -> bool:
    scheme, _colon, host = source.partition("://")
    if value == "*" or value == f"{scheme}:":
        return bool(host)
    value_scheme, colon, value_host = value.rpartition("://")
    if colon and value_scheme != scheme:
        return False
    if value_host.startswith("*."):
        return host.endswith(value_host[1:])
    return value_host == host


def _is_nonce(value: str) -> bool:
    return value.startswith("'nonce-") or value in map(str.lower, NONCE_SENTINELS)
