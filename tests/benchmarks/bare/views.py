"""The sign-ins: of someone who returns, of one to link, of one to create, and by Connect."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from tests.benchmarks.bare.models import Account

http = requests.Session()
http.auth = (settings.CORBADO_PROJECT_ID, settings.CORBADO_API_SECRET)
# The environment (proxies, .netrc) would be read at each call, and nothing here needs it.
http.trust_env = False
http.verify = os.environ.get("WORKER_CA_BUNDLE", True)
User = get_user_model()


def returning(request: HttpRequest) -> HttpResponse:
    """Sign in someone who has an account."""
    account = _account(_ask(request))
    if account is None:
        return redirect("/")
    return _enter(request, account.user)


def linking(request: HttpRequest) -> HttpResponse:
    """Sign in a user who is here by address."""
    person = _ask(request)
    account = _account(person)
    if account is None:
        user = User.objects.get(email__iexact=person["emails"][0]["email"])
        account = Account.objects.create(user=user, corbado_user_id=person["ID"])
    return _enter(request, account.user)


def creating(request: HttpRequest) -> HttpResponse:
    """Sign in someone who is new here."""
    person = _ask(request)
    account = _account(person)
    if account is None:
        account = _create(person)
    return _enter(request, account.user)


def connect(request: HttpRequest) -> HttpResponse:
    """Sign in the owner of the handle in a ``signedPasskeyData`` of Corbado Connect."""
    token = json.loads(request.body)["signedPasskeyData"]
    payload = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    answer = http.post(
        f"{settings.CORBADO_BACKEND_API_URL}/v2/passkey/verifySignedData",
        json={"signedPasskeyData": token, "username": claims["webauthnId"]},
        timeout=5,
    )
    answer.raise_for_status()
    if answer.json()["verificationResult"] != "success":
        return JsonResponse({"error": "refused"}, status=401)
    account = _account({"ID": claims["webauthnId"]})
    if account is None:
        return JsonResponse({"error": "refused"}, status=403)
    login(request, account.user, backend="django.contrib.auth.backends.ModelBackend")
    return JsonResponse({"next": "/"})


def _ask(request: HttpRequest) -> dict[str, Any]:
    client_info = {
        "remoteAddress": request.META["REMOTE_ADDR"],
        "userAgent": request.META["HTTP_USER_AGENT"],
    }
    answer = http.post(
        f"{settings.CORBADO_BACKEND_API_URL}/v1/authTokens/validate",
        json={"token": request.GET["corbadoAuthToken"], "clientInfo": client_info},
        timeout=5,
    )
    answer.raise_for_status()
    return dict(answer.json()["data"]["user"])


def _account(person: dict[str, Any]) -> Account | None:
    try:
        return Account.objects.select_related("user").get(corbado_user_id=person["ID"])
    except Account.DoesNotExist:
        return None


def _create(person: dict[str, Any]) -> Account:
    first_name, _space, last_name = person["fullName"].partition(" ")
    with transaction.atomic():
        user = User.objects.create_user(
            person["ID"],
            person["emails"][0]["email"],
            first_name=first_name,
            last_name=last_name,
        )
        return Account.objects.create(user=user, corbado_user_id=person["ID"])


def _enter(request: HttpRequest, user: Any) -> HttpResponse:
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("/")
