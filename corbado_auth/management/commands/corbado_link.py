"""``manage.py corbado_link``: link one local user to one Corbado user by hand."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoError
from corbado_auth.identity import CorbadoUser
from corbado_auth.management.base import CorbadoCommand, find_user
from corbado_auth.models import CorbadoAccount, db_for_write


class Command(CorbadoCommand):
    is_about_one_project = True
    help = (
        "Link one local user to one Corbado user by hand, for someone whom the rules refuse "
        "(staff, an address that two people share). Make sure by other means that both are the "
        "same person: that Corbado user signs in as this local user from then on. To "
        "undo it, use 'Unlink' in the admin."
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
        self.add_yes(parser)

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        user = find_user(options["user"])
        try:
            person = CorbadoService().get_user(options["corbado_id"])
        except CorbadoError as error:
            raise CommandError(
                f"Corbado returned no user {options['corbado_id']}: {error}. Check the ID, and the "
                "settings with corbado_doctor."
            ) from error
        if person.is_gone:
            raise CommandError("That Corbado user is deleted or disabled.")
        address = ", ".join(person.verified_emails) or "without a confirmed address"
        question = f"Link {user.get_username()} to {person.id} ({address})?"
        self.confirm(question, yes=options["yes"])
        self._link(user, person, replace=options["replace"])
        self.stdout.write(f"{user.get_username()} now signs in as {person.id}.")

    def _link(self, user: Any, person: CorbadoUser, *, replace: bool) -> None:
        try:
            with transaction.atomic(using=db_for_write()):
                if replace:
                    CorbadoAccount.objects.current().filter(user_id=user.pk).delete()
                CorbadoAccount.objects.link(
                    user, person.id, email=person.verified_email, awaits_proof=False
                )
        except IntegrityError:
            raise CommandError(
                "One of the two is linked to someone else already: unlink that account in the "
                "admin first, or add --replace if it is an older one of this user."
            ) from None
