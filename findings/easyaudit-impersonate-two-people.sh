#!/usr/bin/env bash
# What: One request under django-impersonate is recorded by django-easy-audit under two people:
#   its request event under the administrator, its change events under the customer.
# Versions: django-easy-audit 1.3.9, django-impersonate 1.9.5, Django 5.2.19, Python 3.11.
# Guess: one audit log has one idea of who acts: `request.user` in both, or the session's user in
#   both.
# Truth: request events are written before any middleware runs and read the session cookie by
#   themselves; change events ask the middleware for `request.user`. Neither names both people.
# Output seen on 2026-11-27:
#   request event /rename/ by administrator
#   change event {"first_name": ["", "Ada"]} by customer
# Why it matters: joining the two tables by user loses the administrator behind a change; a record
#   of passkey events needs both people in one row.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-easy-audit==1.3.9 django-impersonate==1.9.5

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
        "easyaudit",
        "impersonate",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "impersonate.middleware.ImpersonateMiddleware",
        "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
    ],
    LOGIN_REDIRECT_URL="/",
)
django.setup()
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from easyaudit.models import CRUDEvent, RequestEvent

call_command("migrate", verbosity=0)
administrator = User.objects.create_superuser("administrator")
customer = User.objects.create_user("customer")


def sign_in(request):
    login(request, administrator)
    return HttpResponse()


def rename(request):
    person = User.objects.get(pk=customer.pk)
    person.first_name = "Ada"
    person.save()
    return HttpResponse()


urlpatterns = [
    path("in/", sign_in),
    path("rename/", rename),
    path("impersonate/", include("impersonate.urls")),
]
client = Client()
client.get("/in/")
client.get(f"/impersonate/{customer.pk}/")
client.get("/rename/")
asked = RequestEvent.objects.get(url="/rename/")
changed = CRUDEvent.objects.get(changed_fields__contains="first_name")

print("request event", asked.url, "by", asked.user)
print("change event", changed.changed_fields, "by", changed.user)
if (asked.user, changed.user) != (administrator, customer):
    sys.exit("the two packages no longer behave as described")
PY
