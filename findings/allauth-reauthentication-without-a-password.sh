#!/usr/bin/env bash
# What: allauth asks for reauthentication right after its own password sign-in, and answers 403
#   for good to somebody without a password: no sign-in of any kind counts.
# Versions: django-allauth 65.22.1 with its mfa extra, Django 5.2.19, Python 3.11.
# Guess: someone who signed in seconds ago has authenticated recently, by allauth or by another
#   backend, and someone without a password is sent to the sign-in page.
# Truth: only a record marked `reauthenticated` counts, which a sign-in does not leave. Without a
#   usable password, a verified EmailAddress or a second factor there is no way to get one, and
#   the pages that need it, such as adding a second factor, are forbidden.
# Output seen on 2026-11-27:
#   password sign-in by allauth (302): /accounts/2fa/totp/activate/ -> (302, '/accounts/reauthenticate/')
#   sign-in by another backend, has a password: /accounts/2fa/totp/activate/ -> (302, '/accounts/reauthenticate/')
#   sign-in by another backend, no password: /accounts/2fa/totp/activate/ -> (403, '')
# Why it matters: a site that retires passwords locks its passkey users out of allauth's 2FA
#   pages, unless they have a verified EmailAddress or the site's adapter offers them another way.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 "django-allauth[mfa]==65.22.1"

"$work/venv/bin/python" - <<'PY'
import logging
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
        "django.contrib.messages",
        "django.contrib.humanize",
        "allauth",
        "allauth.account",
        "allauth.mfa",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[
        "django.contrib.auth.backends.ModelBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
    ],
    ACCOUNT_EMAIL_VERIFICATION="none",
    STATIC_URL="/static/",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

logging.disable()
call_command("migrate", verbosity=0)
User.objects.create_user("ada", "ada@example.com", "correct horse")
User.objects.create_user("grace", "grace@example.com")  # No usable password.
PAGE = "/accounts/2fa/totp/activate/"


def sign_in(request):
    """Stand for a passkey sign-in by another backend."""
    user = User.objects.get(username=request.GET["user"])
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


urlpatterns = [path("in/", sign_in), path("accounts/", include("allauth.urls"))]
results = []


def note(step, client):
    answer = client.get(PAGE)
    results.append((answer.status_code, answer.get("Location", "").partition("?")[0]))
    print(f"{step}: {PAGE} -> {results[-1]}")


client = Client()
signed_in = client.post("/accounts/login/", {"login": "ada", "password": "correct horse"})
note(f"password sign-in by allauth ({signed_in.status_code})", client)
client = Client()
client.get("/in/?user=ada")
note("sign-in by another backend, has a password", client)
client = Client()
client.get("/in/?user=grace")
note("sign-in by another backend, no password", client)

to_reauthentication = (302, "/accounts/reauthenticate/")
if signed_in.status_code != 302 or results != [to_reauthentication] * 2 + [(403, "")]:
    sys.exit("django-allauth no longer behaves as described")
PY
