"""``manage.py corbado_compare``: compare local accounts with Corbado's users."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from corbado_auth.corbado_api.guard import unguarded
from corbado_auth.exceptions import CorbadoError
from corbado_auth.existing_users.comparison import compare

WORDS = {
    "gone_at_corbado": "has an account here, but no active user at Corbado",
    "unknown_here": "is a user at Corbado, but has no account here",
    "other_email": "has a different address at Corbado since the last sign-in",
}


class Command(BaseCommand):
    help = (
        "Read all users at Corbado and all accounts here, and print where they differ, one line "
        "each. It changes nothing. Someone who never finished signing up exists only at Corbado, "
        "and that is fine. The exit code is 1 if an account has lost its Corbado user."
    )

    @unguarded()
    def handle(self, *args: Any, **options: Any) -> None:
        numbers: Counter[str] = Counter()
        try:
            for difference in compare():
                numbers[difference.kind] += 1
                who = f"local user {difference.user}" if difference.user else "nobody here"
                self.stdout.write(f"{difference.corbado_user_id} ({who}) {WORDS[difference.kind]}")
        except CorbadoError as error:
            raise CommandError(f"Stopped, because Corbado did not answer: {error}.") from error
        for kind, words in WORDS.items():
            self.stdout.write(f"{numbers[kind]:>8,}  {words}")
        if numbers["gone_at_corbado"]:
            raise SystemExit(1)
