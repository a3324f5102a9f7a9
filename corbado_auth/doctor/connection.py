"""Checks that Corbado answers, accepts the credentials, and has the same time."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings

from corbado_auth.conf import conf
from corbado_auth.corbado_api import urls
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable
from corbado_auth.identity import ProjectConfig

from .finding import Finding, ok, warning, wrong
from .places import Place

__all__ = ["accepted", "clock", "no_answer"]

CREDENTIALS = "Credentials"
CLOCK = "Clock"
# Seconds. The Date header has whole seconds, and the response took time to arrive.
AGREE, DIFFER = 30, 300


def no_answer(error: Exception) -> Finding:
    """Report why Corbado gave no usable answer, and that its configuration was not compared."""
    place = Place.of(conf.CORBADO_BACKEND_API_URL)
    where = place.origin if place else "no URL"
    not_compared = "What Corbado has on file could not be compared."
    if isinstance(error, CorbadoRejected) and error.status_code in {401, 403}:
        return wrong(
            CREDENTIALS,
            f"Corbado rejects project ID and API secret (status {error.status_code} "
            f"{error.error_type}, request {error.request_id or 'unknown'}, at {where}). "
            f"{not_compared}",
            "Copy the project ID and an API secret of the same project from Corbado's panel. A "
            "secret is shown only once: if in doubt, create a new one.",
        )
    fact = f"{error}, at {where}. {not_compared}"
    if isinstance(error, CorbadoRejected) and error.status_code is not None:
        return wrong(
            CREDENTIALS, fact, "Check CORBADO_BACKEND_API_URL: Corbado does not answer like that."
        )
    if isinstance(error, CorbadoUnavailable):
        return wrong("Connection", fact, _how_to_reach(where))
    return wrong(
        "Settings",
        f"{str(error).rstrip('.')}. {not_compared}",
        "Fix the settings that the checks below name, then run it again.",
    )


def accepted(config: ProjectConfig) -> Finding:
    """Report that the credentials are valid, and for which project."""
    if config.project_id != conf.CORBADO_PROJECT_ID:
        return wrong(
            CREDENTIALS,
            f"Corbado answers for another project: {config.project_id}.",
            f'Set CORBADO_PROJECT_ID = "{config.project_id}", or use a secret of your project.',
        )
    fact = f"Corbado accepts project ID and API secret ({config.project_id})."
    ours = urls.is_corbados(conf.CORBADO_BACKEND_API_URL)
    if ours and config.environment == "dev" and not settings.DEBUG:
        return warning(
            CREDENTIALS,
            f"{fact} It is a development project, and DEBUG is off.",
            "In production, use a separate project with its own secrets.",
        )
    return ok(CREDENTIALS, fact)


def clock(corbados_time: datetime | None) -> Finding:
    """Compare this machine's clock with the Date header of Corbado's response."""
    if corbados_time is None:
        return warning(
            CLOCK, "Corbado's response has no date.", "Check that NTP is on: timedatectl"
        )
    seconds = round((datetime.now(UTC) - corbados_time).total_seconds())
    if abs(seconds) <= AGREE:
        return ok(CLOCK, "The same time here and at Corbado.")
    fact = (
        f"This machine is {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} Corbado."
    )
    advice = "Let NTP set the clock: timedatectl set-ntp true"
    return (warning if abs(seconds) <= DIFFER else wrong)(CLOCK, fact, advice)


def _how_to_reach(where: str) -> str:
    if urls.is_local(conf.CORBADO_BACKEND_API_URL):
        return "Is the emulator running? Start it: manage.py corbado_emulator"
    return (
        f"From this machine, try: curl -I {where} -- if that fails, check firewall, DNS and "
        "HTTPS_PROXY; if not, at CORBADO_TIMEOUT. Newer projects may answer at "
        "https://backendapi.cloud.corbado.io."
    )
