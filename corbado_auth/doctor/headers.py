"""The headers that really arrive with the login page: a proxy may add, replace or drop some."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPException, HTTPMessage
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from django.core.exceptions import ImproperlyConfigured

from corbado_auth.corbado_api import urls
from corbado_auth.next_url import login_page_url
from corbado_auth.policies import blocked, denied_features, parse_permissions, parse_policy
from corbado_auth.sign_in import intent

from .finding import Finding, ok, warning, wrong
from .places import Place

__all__ = ["examine_headers"]

PAGE = "Login page"
CSP = "Content policy"
PERMISSIONS = "Permissions"
REFERRER = "Referrer"
TIMEOUT = 10
MOST = 1_000_000  # bytes of the page
# Under these, the redirect view does not learn which page a person came from.
HIDING = {"no-referrer", "origin", "strict-origin"}
OUR_SCRIPT = re.compile(r"<script[^>]*corbado_auth/[^>]*>")


class Page(NamedTuple):
    """The login page as a visitor receives it."""

    url: str
    status: int
    headers: HTTPMessage
    text: str


def examine_headers(site: Place) -> Iterator[Finding]:
    """Fetch the login page once, as a visitor would, and judge its headers."""
    url = urljoin(site.origin, login_page_url())
    try:
        page = _fetch(url)
    except (OSError, HTTPException, ValueError) as error:
        if urls.is_local(site.origin):
            return  # A developer's server need not run.
        yield warning(
            PAGE,
            f"{url} cannot be fetched from here ({error}), so its headers were not looked at.",
            f"Look at them from where your visitors are: curl -sI {url}",
        )
        return
    if page.status != 200:
        yield warning(
            PAGE,
            f"{page.url} answers {page.status}, so its headers were not looked at.",
            "Open it in a browser. Is it LOGIN_URL, and does a visitor see it?",
        )
        return
    yield _cookie(page)
    yield _content_policy(page)
    yield _permissions(page)
    yield _referrer(page)


def _fetch(url: str) -> Page:
    # The origin is scheme and host that the operator typed; nothing is sent but this question.
    request = Request(url, headers={"Accept": "text/html", "User-Agent": "corbado_doctor"})  # noqa: S310
    try:
        answer = urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except HTTPError as error:
        answer = error
    with answer:
        text = answer.read(MOST).decode("utf-8", "replace")
        return Page(answer.url, answer.status, answer.headers, text)


def _cookie(page: Page) -> Finding:
    """Report whether the page sets our cookie: a cache may drop it."""
    cookies = page.headers.get_all("Set-Cookie") or []
    if any(cookie.startswith(f"{intent.cookie.name}=") for cookie in cookies):
        return ok(PAGE, f"{page.url} answers, and sets our cookie.")
    return warning(
        PAGE,
        f"{page.url} sets no cookie {intent.cookie.name}: each sign-in from there asks for one "
        "more click.",
        "Is it the login page, with login_page on its view? Make sure that no cache or proxy "
        "stores it or drops the cookie.",
    )


def _content_policy(page: Page) -> Finding:
    headers = page.headers.get_all("Content-Security-Policy") or []
    # A browser enforces each of several policies.
    policies = [parse_policy(part) for header in headers for part in header.split(",")]
    try:
        missing = list(dict.fromkeys(each for policy in policies for each in blocked(policy)))
    except ImproperlyConfigured as error:
        return wrong(CSP, str(error), "See the checks below.")
    if missing:
        named = "; ".join(f"{directive} {source}" for directive, source in missing)
        return wrong(
            CSP,
            f"The policy that arrives blocks Corbado's component. It allows no {named}.",
            "Add it where the policy comes from: the settings (corbado_auth.csp), a view, or the "
            "proxy.",
        )
    nonces = [word for policy in policies for values in policy.values() for word in values]
    nonces = [word[7:-1] for word in nonces if word.startswith("'nonce-")]
    scripts = OUR_SCRIPT.findall(page.text)
    if nonces and not all(any(f'nonce="{each}"' in tag for each in nonces) for tag in scripts):
        return wrong(
            CSP,
            "The policy allows scripts by nonce, but our scripts on the page have a different one.",
            "Set the policy in one place only: a cached page or a second middleware brings its own "
            "nonce.",
        )
    if not policies:
        return ok(CSP, "No Content-Security-Policy arrives, so nothing is blocked.")
    return ok(CSP, "The Content-Security-Policy that arrives lets Corbado's component work.")


def _permissions(page: Page) -> Finding:
    header = ", ".join(page.headers.get_all("Permissions-Policy") or [])
    denied = denied_features(parse_permissions(header))
    if denied:
        return wrong(
            PERMISSIONS,
            f"The Permissions-Policy that arrives denies {' and '.join(denied)}: browsers "
            "silently offer no passkey.",
            f"Take them out of the header, or write {denied[0]}=(self).",
        )
    return ok(PERMISSIONS, "No Permissions-Policy keeps browsers from offering passkeys.")


def _referrer(page: Page) -> Finding:
    header = ",".join(page.headers.get_all("Referrer-Policy") or [])
    # The last one that a browser knows counts.
    policy = header.rpartition(",")[2].strip().lower()
    if policy in HIDING:
        return warning(
            REFERRER,
            f"Referrer-Policy: {policy} arrives, and hides from the redirect view where a person "
            "comes from: each sign-in asks for one more click.",
            "The login page sends same-origin. Configure the proxy to leave that alone.",
        )
    return ok(REFERRER, f"Referrer-Policy: {policy or 'none'} shows where a sign-in comes from.")
