"""The findings of ``manage.py corbado_doctor``: what is wrong between this site and Corbado.

It makes a call or two to each Corbado product in use, and, given the origin, requests the site's
login page. It changes nothing, and never shows a secret.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from django.core.exceptions import ImproperlyConfigured

from corbado_auth.conf import conf
from corbado_auth.corbado_api import urls
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.exceptions import CorbadoError

from .connect import examine_connect
from .connection import accepted, clock, no_answer
from .database import addresses, deletions, email_lookups, kill_switch, second_local_users
from .finding import Finding, State
from .headers import examine_headers
from .places import Place
from .project import examine_project
from .site import examine_checks, examine_site

__all__ = ["Finding", "State", "examine", "is_origin"]


def is_origin(text: str) -> bool:
    """Return whether a text is scheme and host, and nothing more."""
    return urls.flaw(text.removesuffix("/")) is None


def examine(origin: str = "") -> Iterator[Finding]:
    """Yield the findings; ``origin``, such as ``https://www.example.com``, is the site's.

    Without it, the origin on file at Corbado is assumed, and the findings say so.
    """
    site = Place.of(origin)
    if not conf.uses_connect_alone():
        site = yield from _examine_project(site)
    if conf.CORBADO_CONNECT:
        yield from examine_connect(site)
    if origin and site:
        yield from examine_headers(site)
    yield from examine_site(site)
    yield from kill_switch()
    yield email_lookups()
    yield from addresses()
    yield from second_local_users()
    yield from deletions()
    yield from examine_checks()


def _examine_project(site: Place | None) -> Generator[Finding, None, Place | None]:
    """Compare with what Corbado has on file; return the site, as known or as on file there."""
    try:
        config, corbados_time = SignInService().project_config()
    except (CorbadoError, ImproperlyConfigured) as error:
        yield no_answer(error)
        return site
    yield accepted(config)
    yield from examine_project(config, site)
    yield clock(corbados_time)
    return site or Place.of(config.redirect_url)
