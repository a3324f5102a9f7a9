"""Fill the shop with people, as django-allauth makes them: sign up, follow the mailed link.

Run by the stack with the shop's settings for SQLite, before anything else.
"""

from __future__ import annotations

import re

import django
from django.core import mail
from django.test import Client
from django.test.utils import setup_test_environment

PASSWORD = "a-lamp-that-nobody-sees"
PEOPLE = {
    "erin@example.com": "a green lamp",
    "walt@example.com": "a blue lamp",
    "sam@example.com": "a lamp for the office",
    "ivy@example.com": "a lamp that never came",
    "Paula@example.com": "two lamps",
    "mina@example.com": "a lamp for the garden",
    "pete@example.com": "a red lamp",
}
NEVER_PROVED = "zoe@example.com"


def main() -> None:
    django.setup()
    setup_test_environment()
    from django.contrib.auth import get_user_model

    for email, lamp in {**PEOPLE, NEVER_PROVED: "no lamp yet"}.items():
        client = Client()
        answer = client.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        if email != NEVER_PROVED:
            text = mail.outbox[-1].body
            link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", text)
            assert link, text
            client.post(link[1])
        get_user_model().objects.get(email__iexact=email).orders.create(what=lamp)
    users = get_user_model().objects
    users.filter(email="sam@example.com").update(is_staff=True, is_superuser=True)
    users.filter(email="ivy@example.com").update(is_active=False)


if __name__ == "__main__":
    main()
