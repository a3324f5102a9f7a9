"""Send magic links to the outbox: nothing leaves this machine (API notes 1.9, 4.6 d)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from corbado_auth.emulator import accounts
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.records import EmailLink, User
from corbado_auth.emulator.wire import TOKEN_LENGTH, make_id, random_text

LIFETIME = 5 * 60  # INFERRED 19 from the published value of tokenLifetime, 5m
KEPT = 1000
SUBJECTS = {
    "login": "Your link to sign in to {name}",
    "sign-up": "Confirm your email address for {name}",
    "confirmation": "Confirm your email address for {name}",
    "authentication": "Your link to sign in to {name}",
    "invitation": "You are invited to {name}",
}


def send_link(
    project: Project,
    user: User,
    address: str,
    purpose: str,
    *,
    target: str = "",
    lifetime: float = LIFETIME,
    additional_payload: str = "",
) -> EmailLink:
    """Email a new link to ``target``, by default the application URL."""
    store = project.store
    link_id, token = make_id("eml"), random_text(TOKEN_LENGTH)
    link = _link(target or str(project.config["applicationUrl"]), link_id, token)
    name = project.config["externalName"]
    greeting = f"Hello {user.full_name}" if user.full_name else "Hello"
    with store.transaction():
        for old in store.email_links.all()[: -KEPT + 1]:
            store.email_links.remove(old.id)
        now = store.now()
        return store.email_links.put(
            EmailLink(
                id=link_id,
                user_id=user.id,
                to=address,
                purpose=purpose,
                subject=SUBJECTS[purpose].format(name=name),
                text=f"{greeting},\n\nopen this link to go on. It works once, for a few minutes:"
                f"\n\n{link}\n\nIf you did not ask for it, ignore this mail.\n",
                token=token,
                link=link,
                created=now,
                updated=now,
                expires=now + lifetime,
                additional_payload=additional_payload,
            )
        )


def confirm_link(project: Project, link_id: str, token: str) -> EmailLink | None:
    """Use a link, which verifies the address. Return None if it is unknown, used or expired."""
    store = project.store
    with store.transaction():
        link = store.email_links.get(link_id)
        now = store.now()
        if link is None or link.confirmed or link.token != token or link.expires <= now:
            return None
        user = store.users.get(link.user_id)
        if user is None or user.status == "disabled":
            return None
        accounts.confirm_email(project, link.user_id, link.to)
        return store.email_links.put(replace(link, confirmed=True, updated=now))


def collect_link(project: Project, link_id: str) -> EmailLink | None:
    """Return a confirmed link to the polling tab, once (API notes 7.9)."""
    store = project.store
    with store.transaction():
        link = store.email_links.get(link_id)
        if link is None or not link.confirmed or link.collected or link.expires <= store.now():
            return None
        return store.email_links.put(replace(link, collected=True))


def _link(target: str, link_id: str, token: str) -> str:
    """Add ID and token to the query; the fragment picks the component's page (API notes 0.8)."""
    parts = urlsplit(target)
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("corbadoEmailLinkID", link_id),
        ("corbadoToken", token),
    ]
    return urlunsplit(
        parts._replace(query=urlencode(query, errors="replace"), fragment="email-link-confirm")
    )
