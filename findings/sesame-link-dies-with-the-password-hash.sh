#!/usr/bin/env bash
# What: A magic link of django-sesame dies when Django upgrades the hash of the person's unchanged
#   password, and when `set_unusable_password()` is called for somebody who has none.
# Versions: django-sesame 3.2.5, Django 5.2.19, Python 3.11.
# Guess: "invalidated when the password changes" means a new password. Without a password there is
#   nothing to change.
# Truth: the signature covers the stored hash. A sign-in with an old hash stores a new one, and an
#   unusable password is random text, new each time.
# Output seen on 2026-11-27:
#   link works after a password sign-in that upgrades the hash: False
#   link works after the next password sign-in: True
#   link works after set_unusable_password() without a password: False
#   her sessions outlive that: False
# Why it matters: retiring passwords in bulk kills links in people's mailboxes and ends their
#   sessions, even for those who had no password; ask `has_usable_password()` first.
#   `corbado_retire_passwords` leaves unusable passwords alone.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-sesame==3.2.5

"$work/venv/bin/python" - <<'PY'
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for this run",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[
        "django.contrib.auth.backends.ModelBackend",
        "sesame.backends.ModelBackend",
    ],
)
django.setup()
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.core.management import call_command
from sesame.utils import get_token, get_user

call_command("migrate", verbosity=0)
ada = User.objects.create_user("ada")
ada.password = PBKDF2PasswordHasher().encode("correct horse", "a salt of long ago!!", 260000)
ada.save()
grace = User.objects.create_user("grace")


def outlives(person, event):
    token = get_token(person)
    assert get_user(token) == person
    event()
    return get_user(token) == person


def sign_in_with_password():
    assert authenticate(username="ada", password="correct horse") == ada


def retire_password():
    grace.set_unusable_password()
    grace.save()


after_upgrade = outlives(ada, sign_in_with_password)
ada.refresh_from_db()
after_second = outlives(ada, sign_in_with_password)
session_hash = grace.get_session_auth_hash()
after_retirement = outlives(grace, retire_password)
session_lives = grace.get_session_auth_hash() == session_hash
print("link works after a password sign-in that upgrades the hash:", after_upgrade)
print("link works after the next password sign-in:", after_second)
print("link works after set_unusable_password() without a password:", after_retirement)
print("her sessions outlive that:", session_lives)
if (after_upgrade, after_second, after_retirement, session_lives) != (False, True, False, False):
    sys.exit("django-sesame no longer behaves as described")
PY
