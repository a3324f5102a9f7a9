#!/usr/bin/env bash
# What: A support person who has acted as a customer through django-hijack comes back without the
#   one-time-password verification, and without everything else that was in the session.
# Versions: django-hijack 3.7.9, django-otp 1.7.5, Django 5.2.19, Python 3.11.
# Guess: "release" gives back the session as it was: hijack keeps a history to return to.
# Truth: the history holds primary keys only. Both ways are a `login()` of another user, which
#   empties the session; the returned person is signed in, but `is_verified()` is false.
# Output seen on 2026-11-27:
#   before: {'user': 'support', 'verified': True, 'basket': ['a book']}
#   after:  {'user': 'support', 'verified': False, 'basket': None}
# Why it matters: proof of a recent sign-in belongs in the session, where it goes together with
#   what it vouches for. Our app keeps it there and asks again after a hijack.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  Django==5.2.19 django-hijack==3.7.9 django-otp==1.7.5

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
        "django_otp",
        "django_otp.plugins.otp_static",
        "hijack",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_otp.middleware.OTPMiddleware",
        "hijack.middleware.HijackUserMiddleware",
    ],
)
django.setup()
import django_otp
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import include, path
from django_otp.plugins.otp_static.models import StaticDevice

call_command("migrate", verbosity=0)
support = User.objects.create_superuser("support")
customer = User.objects.create_user("customer")
device = StaticDevice.objects.create(user=support, name="codes")


def sign_in(request):
    login(request, support)
    django_otp.login(request, device)
    request.session["basket"] = ["a book"]
    return HttpResponse()


def state(request):
    return JsonResponse(
        {
            "user": request.user.username,
            "verified": request.user.is_verified(),
            "basket": request.session.get("basket"),
        }
    )


urlpatterns = [
    path("in/", sign_in),
    path("", state),
    path("hijack/", include("hijack.urls")),
]
client = Client()
client.get("/in/")
before = client.get("/").json()
client.post("/hijack/acquire/", {"user_pk": customer.pk})
client.post("/hijack/release/")
after = client.get("/").json()

print("before:", before)
print("after: ", after)
if before != {"user": "support", "verified": True, "basket": ["a book"]} or after != {
    "user": "support",
    "verified": False,
    "basket": None,
}:
    sys.exit("django-hijack no longer behaves as described")
PY
