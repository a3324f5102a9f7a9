#!/usr/bin/env bash
# What: In a template with django-csp, `{% if request.csp_nonce %}nonce="…"{% endif %}` prints
#   nothing: the nonce is false until it has been used, and until then it is not in the header.
# Versions: django-csp 4.0, Django 5.2.19, Python 3.11.
# Guess: with the middleware there is a nonce, so the test is true, and the template also suits
#   sites without a policy.
# Truth: the nonce is made when it is first turned into text, and testing it does not do that.
#   Neither the tag nor the header gets one, so the policy blocks the script. The filter `default`
#   has the same trap.
# Output seen on 2026-11-27:
#   tested first: the page has nothing, the header one: False
#   with default: the page has nothing, the header one: False
#   printed: the page has a nonce, the header one: True
# Why it matters: a reusable app that renders its script this way works without a policy and fails
#   silently with one. Our app turns the nonce into text before a template tests it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check Django==5.2.19 django-csp==4.0

"$work/venv/bin/python" - <<'PY'
import sys

import django
from django.conf import settings
from csp.constants import NONCE

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
        "csp",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "csp.middleware.CSPMiddleware",
    ],
    CONTENT_SECURITY_POLICY={"DIRECTIVES": {"script-src": [NONCE]}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()
from django.http import HttpResponse
from django.template import RequestContext, Template
from django.test import Client
from django.urls import path

TEMPLATES = {
    "tested first": "{% if request.csp_nonce %}{{ request.csp_nonce }}{% else %}nothing{% endif %}",
    "with default": "{{ request.csp_nonce|default:'nothing' }}",
    "printed": "{{ request.csp_nonce }}",
}


def page(request, name):
    context = RequestContext(request, {"request": request})
    return HttpResponse(Template(TEMPLATES[name]).render(context))


urlpatterns = [path("<name>/", page)]
results = {}
for name in TEMPLATES:
    answer = Client().get(f"/{name}/")
    text, policy = answer.content.decode(), answer["Content-Security-Policy"]
    printed = "nothing" if text == "nothing" else "a nonce"
    results[name] = (printed, f"'nonce-{text}'" in policy)
    print(f"{name}: the page has {printed}, the header one: {results[name][1]}")

nothing = ("nothing", False)
if list(results.values()) != [nothing, nothing, ("a nonce", True)]:
    sys.exit("django-csp no longer behaves as described")
PY
