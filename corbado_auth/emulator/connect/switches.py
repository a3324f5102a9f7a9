"""Read and change Connect's switches: project settings, and faults to try out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import Setting

# Why a login falls back, as Corbado's clients know it (API notes C.2.2). Other codes come from the
# site's own pre-login action.
NO_USER = "no_cbo_user"
USER_NOT_FOUND = "user_not_found"
UNEXPECTED = "unexpected_error"
CREDENTIAL_DELETED = "cui_credential_deleted"
FALLBACK_CODES = (
    NO_USER,
    USER_NOT_FOUND,
    "identifier_not_whitelisted",
    UNEXPECTED,
    CREDENTIAL_DELETED,
    "cui_alternative_project_id",
)


@dataclass(frozen=True, kw_only=True)
class Switches:
    """Connect's switches, named as in the control API.

    ``rollout`` is the percentage of browsers that may use passkeys. Every login falls back with the
    code in ``fallback``, and every verification is answered with ``verificationResult``.
    ``session`` is what a post-login action would return.
    """

    loginKillSwitchActive: bool = False
    appendKillSwitchActive: bool = False
    manageKillSwitchActive: bool = False
    rollout: int = 100
    conditionalUI: bool = True
    isCDA: bool = False
    autoAppend: bool = False
    conditionalAppend: bool = False
    requireConnectLoginToken: bool = False
    fallback: str = ""
    verificationResult: str = ""
    session: str = ""
    identifierURL: str = ""
    identifierCredentials: str = ""


TYPES: Mapping[str, type] = {
    field.name: type(getattr(Switches(), field.name)) for field in fields(Switches)
}


def switches(project: Project) -> Switches:
    """Return the switches: those from the configuration, then those changed since."""
    config = project.emulator_config
    start = Switches(
        identifierURL=config.identifier_url, identifierCredentials=config.identifier_credentials
    )
    return replace(start, **(project.store.setting("connectSwitches") or {}))


def turn(project: Project, values: Mapping[str, bool | int | str]) -> Switches:
    """Change some switches and return all of them."""
    store = project.store
    with store.transaction():
        turned = asdict(replace(switches(project), **values))  # type: ignore[arg-type]
        store.settings.put(Setting(id="connectSwitches", value=turned))
    return switches(project)
