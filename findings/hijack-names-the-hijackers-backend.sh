#!/usr/bin/env bash
# What: While support acts as a customer through django-hijack, the customer's session names the
#   authentication backend of the support person, and `user_logged_in` is sent for the customer.
# Versions: django-hijack 3.7.9, Django 5.2.19, Python 3.11.
# Guess: acting as somebody is no sign-in: `last_login` is left alone, so the signal is not sent
#   either, and the session names a backend by which the customer could have come.
# Truth: only `last_login` is left alone. All other receivers of `user_logged_in` hear of a sign-in
#   of the customer, through the backend of the support person, in a session without a key yet.
# Output seen on 2026-11-27:
#   signals: [('support', 'ModelBackend', 'key'), ('customer', 'ModelBackend', 'no key'), ('support', 'ModelBackend', 'no key')]
#   backend in the session of the customer: ModelBackend
#   last_login of the customer: None
# Why it matters: code that tells passkey from password sign-ins by the backend, or takes
#   `user_logged_in` as proof, counts support's visit as a sign-in of the customer. Our receivers
#   ignore a sign-in in a request that began as somebody else.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-hijack==3.7.9

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
        "hijack",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "hijack.middleware.HijackUserMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[f"{__name__}.PasskeyBackend", "django.contrib.auth.backends.ModelBackend"],
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path



class PasskeyBackend(ModelBackend):
    """How customers sign in at this site."""


call_command("migrate", verbosity=0)
support = User.objects.create_superuser("support")
customer = User.objects.create_user("customer")


def sign_in_with_password(request):
    login(request, support, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


urlpatterns = [path("in/", sign_in_with_password), path("hijack/", include("hijack.urls"))]
heard = []


def hear(request, user, **_):
    backend = request.session["_auth_user_backend"].rpartition(".")[2]
    heard.append((user.username, backend, "key" if request.session.session_key else "no key"))


user_logged_in.connect(hear)
client = Client()
client.get("/in/")
client.post("/hijack/acquire/", {"user_pk": customer.pk})
backend = client.session["_auth_user_backend"].rpartition(".")[2]
customer.refresh_from_db()
client.post("/hijack/release/")

print("signals:", heard)
print("backend in the session of the customer:", backend)
print("last_login of the customer:", customer.last_login)
expected = [
    ("support", "ModelBackend", "key"),
    ("customer", "ModelBackend", "no key"),
    ("support", "ModelBackend", "no key"),
]
if (heard, backend, customer.last_login) != (expected, "ModelBackend", None):
    sys.exit("django-hijack no longer behaves as described")
PY
