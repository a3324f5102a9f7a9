"""``manage.py corbado_link``: link one local user to one Corbado user by hand."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.exceptions import CorbadoError
from corbado_auth.management.base import CorbadoCommand
from corbado_auth.models import CorbadoAccount, db_for_write


class Command(CorbadoCommand):
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
        self.add_yes(parser)

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        user = self._user(options["user"])
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
        self._link(user, person.id, person.verified_email)
        self.stdout.write(f"{user.get_username()} now signs in as {person.id}.")

    def _user(self, name: str) -> Any:
        model = get_user_model()
        try:
            users = model._default_manager.using(db_for_write())
            return users.get(**{model.USERNAME_FIELD: name})
        except model.DoesNotExist:
            raise CommandError(
                f"There is no user whose {model.USERNAME_FIELD} is {name}.", returncode=2
            ) from None

    def _link(self, user: Any, corbado_user_id: str, email: str) -> None:
        try:
            with transaction.atomic(using=db_for_write()):
                CorbadoAccount.objects.link(user, corbado_user_id, email=email, awaits_proof=False)
        except IntegrityError:
            raise CommandError(
                "One of the two is linked to someone else already: unlink that account in the "
                "admin first."
            ) from None
