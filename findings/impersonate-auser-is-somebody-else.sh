#!/usr/bin/env bash
# What: Under django-impersonate, `request.user` is the impersonated customer and `await
#   request.auser()` in the same request is the administrator.
# Versions: django-impersonate 1.9.5, Django 5.2.19, Python 3.11.
# Guess: `auser()` is the asynchronous spelling of `request.user`; both name the same person.
# Truth: the middleware replaces `request.user` alone. `auser()`, and
#   `django.contrib.auth.get_user()`, still read the session, which stays the administrator's.
# Output seen on 2026-11-27:
#   request.user: customer
#   await request.auser(): administrator
#   get_user(request): administrator
# Why it matters: moving a view to async changes whom it acts for, with no other edit. Our app
#   compares the session's user with `request.user` and takes a difference for no sign-in.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-impersonate==1.9.5

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
        "impersonate",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "impersonate.middleware.ImpersonateMiddleware",
    ],
    LOGIN_REDIRECT_URL="/",
)
django.setup()
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user, login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import include, path

call_command("migrate", verbosity=0)
administrator = User.objects.create_superuser("administrator")
customer = User.objects.create_user("customer")


def sign_in(request):
    login(request, administrator)
    return HttpResponse()


async def who(request):
    return JsonResponse(
        {
            "request.user": await sync_to_async(str)(request.user),
            "await request.auser()": str(await request.auser()),
            "get_user(request)": str(await sync_to_async(get_user)(request)),
        }
    )


urlpatterns = [
    path("in/", sign_in),
    path("", who),
    path("impersonate/", include("impersonate.urls")),
]
client = Client()
client.get("/in/")
client.get(f"/impersonate/{customer.pk}/")
people = client.get("/").json()

for name, person in people.items():
    print(f"{name}: {person}")
if list(people.values()) != ["customer", "administrator", "administrator"]:
    sys.exit("django-impersonate no longer behaves as described")
PY
