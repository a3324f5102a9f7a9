"""``manage.py corbado_invite_staff``: email staff a link with which they link their account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_supported_language_variant, override

from corbado_auth.conf import conf
from corbado_auth.doctor import is_origin
from corbado_auth.invitations import StaffInvitation
from corbado_auth.local_users import email_of
from corbado_auth.management.base import CorbadoCommand, find_user
from corbado_auth.models import CorbadoAccount, db_for_write
from corbado_auth.telemetry import INVITATION

MOST_DAYS = 30


class Command(CorbadoCommand):
    is_about_one_project = True
    help = """\
Email staff a link with which they can sign in to their account by passkey.

An address alone never opens a staff account, so someone has to allow it. That is
what this command does: the link lets one person, once, link one account. They
open it, sign in through Corbado with the address that it was sent to (signing up
first, if they have no passkey yet), and are linked from then on. A person with
another address at Corbado is refused, so a forwarded link is of no use. Anyone
who can read that mailbox can use it.

A new invitation replaces an older one for the same person.
"""
    epilog = """\
examples:
  python manage.py corbado_invite_staff --user boss --origin https://www.example.com --dry-run
  python manage.py corbado_invite_staff --user boss --origin https://www.example.com
  python manage.py corbado_invite_staff --all --days 7 --language de --origin https://www.example.com
"""

    def add_arguments(self, parser: CommandParser) -> None:
        whom = parser.add_mutually_exclusive_group(required=True)
        name = get_user_model().USERNAME_FIELD
        whom.add_argument("--user", help=f"{name} of a staff member")
        whom.add_argument(
            "--all",
            action="store_true",
            help="all active staff with an address who are not linked yet",
        )
        parser.add_argument(
            "--origin",
            required=True,
            help="scheme and host of the site, for the link: https://www.example.com",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=3,
            help=f"how long the link is valid, 1 to {MOST_DAYS} (default 3)",
        )
        parser.add_argument(
            "--language",
            default=settings.LANGUAGE_CODE,
            help="language of the email (default: the site's)",
        )
        self.add_dry_run(parser, "show who would be invited")
        self.add_yes(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if conf.uses_connect_alone():
            raise CommandError(
                "Not needed with Connect alone: staff sign in with their password and add a "
                "passkey there, if your backend has link_staff = True.",
                returncode=2,
            )
        origin, days = _origin(options["origin"]), options["days"]
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days must be 1 to {MOST_DAYS}.", returncode=2)
        language = _language(options["language"])
        users = _all_staff() if options["all"] else [_checked(find_user(options["user"]))]
        if not users:
            raise CommandError("There are no staff to invite: all are linked.", returncode=2)
        if options["dry_run"]:
            for user in users:
                self.stdout.write(f"Would invite {user.get_username()} ({email_of(user)}).")
            return
        whom = f"{len(users)} people" if options["all"] else users[0].get_username()
        self.confirm(f"Email an invitation to {whom}?", yes=options["yes"])
        for user in users:
            _invite(user, origin, days, language)
            self.stdout.write(f"Invited {user.get_username()} ({email_of(user)}).")


def _origin(text: str) -> str:
    if not is_origin(text):
        raise CommandError(
            "--origin must be scheme and host, such as https://www.example.com.", returncode=2
        )
    return text.removesuffix("/")


def _language(code: str) -> str:
    try:
        return get_supported_language_variant(code)
    except LookupError:
        known = ", ".join(code for code, _name in settings.LANGUAGES)
        raise CommandError(f"--language must be one of LANGUAGES: {known}.", returncode=2) from None


def _is_staff(user: Any) -> bool:
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def _is_linked(user: Any) -> bool:
    return CorbadoAccount.objects.for_user(user) is not None


def _all_staff() -> list[Any]:
    users = get_user_model()._default_manager.using(db_for_write()).order_by("pk")
    return [
        user
        for user in users.iterator()
        if _is_staff(user) and user.is_active and email_of(user) and not _is_linked(user)
    ]


def _checked(user: Any) -> Any:
    """Return the user; raises CommandError with the reason why they cannot be invited."""
    name = user.get_username()
    if not _is_staff(user):
        problem = f"{name} is not staff. Others are linked by their confirmed address, by itself."
    elif not user.is_active:
        problem = f"{name} is inactive and could not sign in."
    elif not email_of(user):
        problem = f"{name} has no email address here. Give them one first."
    elif _is_linked(user):
        problem = f"{name} is linked already. To link them again, unlink them in the admin."
    else:
        return user
    raise CommandError(problem, returncode=2)


def _invite(user: Any, origin: str, days: int, language: str) -> None:
    """Write the invitation and send it: both, or neither."""
    expires_at: datetime = timezone.now() + timedelta(days=days)
    with transaction.atomic(using=db_for_write()), override(language):
        secret = StaffInvitation.objects.invite(user, expires_at=expires_at)
        path = reverse("corbado_auth:invitation")
        context = {
            "user": user,
            "host": urlsplit(origin).netloc,
            "url": f"{origin}{path}?{urlencode({INVITATION: secret})}",
            "days": days,
        }
        subject = render_to_string("corbado_auth/email/invite_staff_subject.txt", context).strip()
        body = render_to_string("corbado_auth/email/invite_staff.txt", context)
        try:
            send_mail(subject, body, None, [email_of(user)])
        # Each backend has exceptions of its own. Some of their texts quote the email, and so the
        # link, which is why neither text nor traceback is shown.
        except Exception as error:  # noqa: BLE001 -- see above
            raise CommandError(
                f"The email to {user.get_username()} could not be sent "
                f"({type(error).__name__}). Nothing was changed for them: check the settings for "
                "email (manage.py sendtestemail shows the whole error), and run the command again."
            ) from None
