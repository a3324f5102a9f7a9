"""``manage.py corbado_compare``: compare local accounts with Corbado's users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.exceptions import CorbadoError
from corbado_auth.existing_users.comparison import Difference, People, compare
from corbado_auth.management.base import CorbadoCommand

WORDS = {
    "gone_at_corbado": "has an account here, but no active user at Corbado",
    "unknown_here": "is a user at Corbado, but has no account here",
    "other_email": "has a different address at Corbado since the last sign-in",
    "second_user": "has the address of another local user, who has no account",
    "perhaps_second_user": "may have a second local user: unconfirmed address, or a user name",
}


class Command(CorbadoCommand):
    is_about_one_project = True
    help = (
        "Read all users at Corbado and all accounts here, and print where they differ, one line "
        "each. It changes nothing. Someone who never finished signing up exists only at Corbado, "
        "and that is fine. For people who have two local users, there is corbado_merge. The exit "
        "code is 1 if an account has lost its Corbado user, or someone has two local users."
    )

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        numbers: Counter[str] = Counter()
        try:
            for difference in compare(watched=self._watched):
                numbers[difference.kind] += 1
                self._say(difference)
        except CorbadoError as error:
            raise CommandError(f"Stopped, because Corbado did not answer: {error}.") from error
        for kind, words in WORDS.items():
            self.stdout.write(f"{numbers[kind]:>8,}  {words}")
        if numbers["gone_at_corbado"] or numbers["second_user"]:
            raise SystemExit(1)

    def _watched(self, pages: Iterator[People], number: int) -> Iterable[People]:
        return self.watched(pages, total=number, unit="pages of people at Corbado")

    def _say(self, difference: Difference) -> None:
        who = f"local user {difference.user}" if difference.user else "nobody here"
        line = f"{difference.corbado_user_id} ({who}) {WORDS[difference.kind]}"
        if difference.other_user:
            line = f"{line} (local user {difference.other_user})"
        self.stdout.write(line)
