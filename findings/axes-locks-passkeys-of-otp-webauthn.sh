#!/usr/bin/env bash
# What: With django-axes and its defaults, wrong passwords for one user lock the passkeys of every
#   other user at the same IP address, in django-otp-webauthn.
# Versions: django-axes 8.3.1, django-otp-webauthn 0.10.3, django-otp 1.7.5, Django 5.2.19,
#   Python 3.11.
# Guess: a lock is about passwords. A passkey that was verified comes to `authenticate()` without a
#   user name or a password, so there is nothing to lock it by.
# Truth: axes' backend comes first, looks only at the address of the request, and refuses every
#   call, whichever backend would have answered it.
# Output seen on 2026-11-27:
#   before: ada
#   after three wrong passwords for bob: None
# Why it matters: in an office behind one address, a colleague's forgotten password locks everybody's
#   passkeys, until someone runs `axes_reset`.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-axes==8.3.1 django-otp==1.7.5 django-otp-webauthn==0.10.3

"$work/venv/bin/python" - <<'PY'
import logging
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for this run",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django_otp",
        "django_otp_webauthn",
        "axes",
    ],
    AUTHENTICATION_BACKENDS=[
        "axes.backends.AxesStandaloneBackend",
        "django.contrib.auth.backends.ModelBackend",
        "django_otp_webauthn.backends.WebAuthnBackend",
    ],
    AXES_FAILURE_LIMIT=3,
    OTP_WEBAUTHN_RP_NAME="A site",
    OTP_WEBAUTHN_RP_ID="localhost",
    OTP_WEBAUTHN_ALLOWED_ORIGINS=["http://localhost"],
)
django.setup()
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.test import RequestFactory
from django_otp_webauthn.models import WebAuthnCredential

logging.disable()
call_command("migrate", verbosity=0)
ada = User.objects.create_user("ada", password="correct horse")
User.objects.create_user("bob", password="battery staple")
passkey = WebAuthnCredential.objects.create(
    user=ada, name="a passkey", confirmed=True, credential_id=b"1", public_key=b"1", sign_count=0
)


def request():
    made = RequestFactory().post("/login/")
    made.session = SessionStore()
    return made


before = authenticate(request(), webauthn_credential=passkey)
for _ in range(3):
    authenticate(request(), username="bob", password="a typing error")
after = authenticate(request(), webauthn_credential=passkey)

print("before:", before)
print("after three wrong passwords for bob:", after)
if (before, after) != (ada, None):
    sys.exit("the two packages no longer behave as described")
PY
