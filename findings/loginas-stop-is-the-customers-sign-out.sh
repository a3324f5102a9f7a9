#!/usr/bin/env bash
# What: Leaving the customer's account in django-loginas sends `user_logged_out` for the customer;
#   django-hijack, for the same click, sends none.
# Versions: django-loginas 0.3.14, django-hijack 3.7.9, Django 5.2.19, Python 3.11.
# Guess: to stop acting as somebody signs nobody out, and two packages for one purpose report it
#   alike.
# Truth: loginas calls `logout()` and signs the administrator in again; hijack switches with
#   `login()` alone.
# Output seen on 2026-11-27:
#   loginas: ['in customer', '|', 'out customer', 'in administrator']
#   hijack:  ['in customer', '|', 'in administrator']
# Why it matters: receivers that revoke tokens or end all sessions at a sign-out hit a customer
#   who did nothing. Our app has no receiver for sign-outs.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-loginas==0.3.14 django-hijack==3.7.9

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
        "django.contrib.messages",
        "django.contrib.admin",
        "loginas",
        "hijack",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "hijack.middleware.HijackUserMiddleware",
    ],
    LOGIN_REDIRECT_URL="/",
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

call_command("migrate", verbosity=0)
administrator = User.objects.create_superuser("administrator")
customer = User.objects.create_user("customer")


def sign_in(request):
    login(request, administrator)
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("loginas/", include("loginas.urls")),
    path("hijack/", include("hijack.urls")),
]
heard = []
user_logged_in.connect(lambda user, **_: heard.append(f"in {user}"), weak=False)
user_logged_out.connect(lambda user, **_: heard.append(f"out {user}"), weak=False)


def listen(act, leave):
    client = Client()
    client.get("/in/")
    heard.clear()
    act(client)
    heard.append("|")
    leave(client)
    return list(heard)


loginas = listen(
    lambda client: client.post(f"/loginas/login/user/{customer.pk}/"),
    lambda client: client.get("/loginas/logout/"),
)
hijack = listen(
    lambda client: client.post("/hijack/acquire/", {"user_pk": customer.pk}),
    lambda client: client.post("/hijack/release/"),
)
print("loginas:", loginas)
print("hijack: ", hijack)
if loginas != ["in customer", "|", "out customer", "in administrator"] or hijack != [
    "in customer",
    "|",
    "in administrator",
]:
    sys.exit("one of the packages no longer behaves as described")
PY
