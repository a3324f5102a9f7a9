"""``manage.py corbado_link``: link one local user to one Corbado user by hand."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.identity import CorbadoUser
from corbado_auth.management.base import CorbadoCommand, find_corbado_user, find_user
from corbado_auth.models import CorbadoAccount, db_for_write


class Command(CorbadoCommand):
    is_about_one_project = True
    help = (
        "Link one local user to one Corbado user by hand, for someone whom the rules refuse "
        "(staff, an address that two people share). Make sure by other means that both are the "
        "same person: that Corbado user signs in as this local user from then on. To "
        "undo it, use 'Unlink' in the admin."
    )
    epilog = (
        "examples:\n"
        "  python manage.py corbado_link --user erin --corbado-id usr-1935019283746 --dry-run\n"
        "  python manage.py corbado_link --user erin --corbado-id usr-1935019283746\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        name = get_user_model().USERNAME_FIELD
        parser.add_argument("--user", required=True, help=f"{name} of the local user")
        parser.add_argument("--corbado-id", required=True, help="ID of the Corbado user, usr-…")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="unlink the user from another Corbado user first, such as one that was deleted",
        )
        self.add_dry_run(parser)
        self.add_yes(parser)

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        user = find_user(options["user"])
        person = find_corbado_user(options["corbado_id"])
        replace = options["replace"]
        self._check(user, person, replace=replace)
        address = ", ".join(person.verified_emails) or "without a confirmed address"
        link = f"link {user.get_username()} to {person.id} ({address})"
        if options["dry_run"]:
            self.stdout.write(f"Would {link}. Nothing was changed.")
            return
        self.confirm(f"{link.capitalize()}?", yes=options["yes"])
        try:
            self._link(user, person, replace=replace)
        except IntegrityError:
            raise CommandError("One of the two was linked to someone else meanwhile.") from None
        self.stdout.write(f"{user.get_username()} now signs in as {person.id}.")

    def _check(self, user: Any, person: CorbadoUser, *, replace: bool) -> None:
        if person.is_gone:
            raise _refusal("That Corbado user is deleted or disabled.")
        accounts = CorbadoAccount.objects.current()
        if accounts.filter(corbado_user_id=person.id).exclude(user_id=user.pk).exists():
            raise _refusal(
                f"{person.id} is linked to another user: unlink that account in the admin first."
            )
        own = CorbadoAccount.objects.for_user(user)
        if own is not None and not replace:
            raise _refusal(
                f"{user.get_username()} is linked to {own.corbado_user_id} already: unlink that "
                "account in the admin first, or add --replace to do both at once."
            )

    def _link(self, user: Any, person: CorbadoUser, *, replace: bool) -> None:
        with transaction.atomic(using=db_for_write()):
            if replace:
                CorbadoAccount.objects.current().filter(user_id=user.pk).delete()
            CorbadoAccount.objects.link(
                user, person.id, email=person.verified_email, awaits_proof=False
            )


def _refusal(message: str) -> CommandError:
    return CommandError(message, returncode=2)
