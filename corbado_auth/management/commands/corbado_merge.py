"""``manage.py corbado_merge``: let someone with a second user sign in as the first one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.existing_users.second_users import AlreadyLinked, belongings, merge
from corbado_auth.identity import CorbadoUser
from corbado_auth.management.base import CorbadoCommand, find_corbado_user, find_user
from corbado_auth.models import CorbadoAccount


class Command(CorbadoCommand):
    is_about_one_project = True
    help = (
        "For a person with two local users, one of them new and empty: let them sign in as the "
        "other one from now on. corbado_compare lists such people.\n\n"
        "Only the link is moved, with its counts; the passkeys and the address at Corbado go with "
        "it. Everything else that belongs to the new user stays there, and is listed first. The "
        "new user is kept but signed out everywhere; delete it in the admin once you need nothing "
        "from it. If Corbado has not confirmed the address, make sure by other means that both are "
        "the same person."
    )
    epilog = (
        "examples:\n"
        "  python manage.py corbado_merge --corbado-id usr-1234567890 --into ann --dry-run\n"
        "  python manage.py corbado_merge --corbado-id usr-1234567890 --into ann"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        name = get_user_model().USERNAME_FIELD
        parser.add_argument("--corbado-id", required=True, help="ID of the Corbado user, usr-…")
        parser.add_argument("--into", required=True, help=f"{name} of the user to sign in as")
        self.add_dry_run(parser)
        self.add_yes(parser)

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        into = find_user(options["into"])
        account = CorbadoAccount.objects.for_corbado_user(options["corbado_id"])
        if account is None:
            raise _refusal(
                f"Nobody here is linked to {options['corbado_id']}. To link someone, use "
                "corbado_link."
            )
        self._check(account, into)
        self._say(account, into, find_corbado_user(account.corbado_user_id))
        if options["dry_run"]:
            self.stdout.write("Nothing was changed.")
            return
        question = f"Let {account.corbado_user_id} sign in as {into.get_username()}?"
        self.confirm(question, yes=options["yes"])
        try:
            merge(account, into)
        except AlreadyLinked:
            raise CommandError(f"{into.get_username()} was linked meanwhile.") from None
        self.stdout.write(f"{account.corbado_user_id} now signs in as {into.get_username()}.")

    def _check(self, account: CorbadoAccount, into: Any) -> None:
        if account.user == into:
            raise _refusal(f"{into.get_username()} is linked to that Corbado user already.")
        if CorbadoAccount.objects.for_user(into):
            raise _refusal(
                f"{into.get_username()} is linked to another Corbado user: unlink that account in "
                "the admin first."
            )
        if not into.is_active:
            raise _refusal(f"{into.get_username()} is not active, and could not sign in.")

    def _say(self, account: CorbadoAccount, into: Any, person: CorbadoUser) -> None:
        former: Any = account.user
        address = ", ".join(person.verified_emails) or "no confirmed address"
        self.stdout.write(f"Moves to {into.get_username()}: the link to {person.id} ({address}).")
        stays = [f"{number:,} {name}" for name, number in sorted(belongings(former).items())]
        self.stdout.write(f"Stays with {former.get_username()}: {', '.join(stays) or 'nothing'}.")
        if former.has_usable_password():
            self.stdout.write(f"{former.get_username()} has a password and can still sign in.")


def _refusal(message: str) -> CommandError:
    return CommandError(message, returncode=2)
