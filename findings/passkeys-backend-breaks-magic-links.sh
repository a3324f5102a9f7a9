#!/usr/bin/env bash
# What: django-passkeys' backend, listed first, raises for credentials of other backends: the
#   magic links of django-sesame end in an error before sesame's backend is asked.
# Versions: django-passkeys 2.1, django-sesame 3.2.5, Django 5.2.19, Python 3.11.
# Guess: a backend returns None for credentials that are not its own, and Django asks the next.
# Truth: the backend takes any credentials and wants a form with a field `passkeys`; a GET has
#   none, so it raises a plain Exception. Listed last it is never reached, and all works.
# Output seen on 2026-11-27:
#   passkeys sesame -> Exception: Can't find 'passkeys' key in request.POST, did you add the hidden input?
#   sesame passkeys -> 302
# Why it matters: `authenticate()` with credentials of one's own works only behind backends that
#   decline what is not theirs. The order of AUTHENTICATION_BACKENDS deserves a system check.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-passkeys==2.1 django-sesame==3.2.5

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
        "passkeys",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["passkeys.backend.PasskeyModelBackend", "sesame.backends.ModelBackend"],
    LOGIN_REDIRECT_URL="/",
    FIDO_SERVER_ID="localhost",
    FIDO_SERVER_NAME="A site",
)
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import path
from sesame.utils import get_query_string
from sesame.views import LoginView

call_command("migrate", verbosity=0)
user = User.objects.create_user("ada")
urlpatterns = [path("link/", LoginView.as_view())]
results = []
for order in (settings.AUTHENTICATION_BACKENDS, settings.AUTHENTICATION_BACKENDS[::-1]):
    with override_settings(AUTHENTICATION_BACKENDS=order):
        try:
            result = Client().get("/link/" + get_query_string(user)).status_code
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    results.append(result)
    print(*[path.partition(".")[0] for path in order], "->", result)

if not str(results[0]).startswith("Exception: Can't find 'passkeys' key") or results[1] != 302:
    sys.exit("django-passkeys no longer behaves as described")
PY
