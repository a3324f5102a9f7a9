"""Someone from support acts as a customer, by the site's own means or by one of the apps for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import NoReverseMatch, path, reverse

import corbado_auth.headless.urls
import corbado_auth.urls
from corbado_auth.models import CorbadoAccount, PasskeyNudge
from corbado_auth.session import SIGN_IN
from corbado_auth.testing import Corbado, User
from tests.passkeys.test_passkeys import add_passkey, association_token, passkey_link
from tests.support.front_door import sign_in
from tests.urls import urlpatterns as site

PASSKEYS, ADD = "/corbado/passkeys/", "/corbado/passkeys/add/"
PASSWORD = "an old password"
FORMS: list[dict[str, str]] = [
    {},
    {"answer": "never"},
    {"answer": "add"},
    {"name": "mine"},
    {"decline": "yes"},
    {"others": "yes"},
]
BODIES: list[dict[str, str]] = [
    {},
    {"type": "passkey-append"},
    {"type": "passkey-delete"},
    {"email": "mallory@example.com"},
]
# What looking at a page writes: which passkeys there were, and which sessions there are.
OF_LOOKING = {"KnownPasskeys", "ListedSession"}
SIGNING_OUT = {"logout", "sign-out"}


class ImpersonationCases:
    """The base class: a subclass says how to act as a customer, and how to stop."""

    # Whether the session is still that of staff, and acts as somebody else in each request.
    keeps_the_sign_in_of_staff = False

    def acquire(self, support: Client, pk: Any) -> None:
        """Act as the customer."""
        raise NotImplementedError

    def release(self, support: Client) -> None:
        """Come back."""
        raise NotImplementedError

    @pytest.fixture
    def customer(self, corbado: Corbado, db: None) -> User:
        """A customer who has signed in once."""
        person = corbado.add_user("robin@example.com")
        sign_in(Client(), corbado.issue_token(person))
        return person

    @pytest.fixture
    def support(self, make_user: Callable[..., Any], client: Client) -> Client:
        """The browser of someone from support, who has just signed in."""
        make_user(
            "sam@example.com", username="sam", password=PASSWORD, is_staff=True, is_superuser=True
        )
        assert client.login(username="sam", password=PASSWORD)
        return client

    def act(self, support: Client, customer: User) -> None:
        """Act as the customer, and see that it has worked."""
        pk = CorbadoAccount.objects.get(corbado_user_id=customer.id).user_id
        self.acquire(support, pk)
        assert support.get("/account/").content.decode().startswith(f"Signed in as {pk}")

    def test_no_passkey_is_added_or_removed(
        self, corbado: Corbado, support: Client, customer: User
    ) -> None:
        self.act(support, customer)
        before = [each.path for each in corbado.requests if "Tokens" in each.path]
        for page in (support.post(ADD), support.post(f"{PASSKEYS}cre-1/remove/")):
            assert page.status_code == 403
            assert "acting as someone else" in page.content.decode()
        assert [each.path for each in corbado.requests if "Tokens" in each.path] == before

    def test_it_is_no_sign_in_and_no_password(self, support: Client, customer: User) -> None:
        self.act(support, customer)
        assert (SIGN_IN in support.session) is self.keeps_the_sign_in_of_staff
        account = CorbadoAccount.objects.get(corbado_user_id=customer.id)
        assert account.last_password_at is None

    def test_an_impersonator_cannot_sign_in(
        self, corbado: Corbado, support: Client, customer: User
    ) -> None:
        self.act(support, customer)
        accounts = CorbadoAccount.objects.count()
        for person in (customer, corbado.add_user("another@example.com")):
            answer = sign_in(support, corbado.issue_token(person))
            assert answer.status_code == 403
            assert "acting as someone else" in answer.content.decode()
        assert CorbadoAccount.objects.count() == accounts

    def test_the_customer_signs_in_and_out_as_ever(self, corbado: Corbado, customer: User) -> None:
        browser = Client()
        assert sign_in(browser, corbado.issue_token(customer)).status_code == 303
        assert browser.post(ADD).status_code == 200
        assert browser.post("/corbado/logout/").status_code == 302
        assert browser.get("/account/").status_code == 302

    def test_the_customers_never_is_the_customers_alone(
        self, support: Client, customer: User
    ) -> None:
        PasskeyNudge.objects.all().delete()
        self.act(support, customer)
        support.post(f"{PASSKEYS}nudge/", {"answer": "never"})
        assert not PasskeyNudge.objects.exists()

    def test_after_coming_back_support_signs_in_as_ever(
        self, corbado: Corbado, support: Client, customer: User
    ) -> None:
        self.act(support, customer)
        self.release(support)
        assert support.post("/corbado/logout/").status_code == 302
        assert sign_in(support, corbado.issue_token(customer)).status_code == 303

    def test_nothing_of_the_customers_changes_at_any_door(
        self, corbado: Corbado, support: Client, customer: User
    ) -> None:
        at_home = Client()
        sign_in(at_home, corbado.issue_token(customer))
        add_passkey(corbado, association_token(at_home.post(ADD)))
        passkey_id = passkey_link(at_home.get(PASSKEYS)).split("/")[3]
        self.act(support, customer)
        assert try_all_doors(support, corbado, passkey_id) == []


def try_all_doors(client: Client, corbado: Corbado, passkey_id: str) -> list[str]:
    """Send everything to every URL of ours; return what that has changed or asked for."""
    done = []
    with override_settings(CORBADO_CONNECT="both", CORBADO_SESSION_LIST=True):
        for url in _urls(passkey_id):
            before, asked = _rows(), len(corbado.requests)
            client.get(url)
            for form in FORMS:
                client.post(url, form)
            for body in BODIES:
                client.post(url, json.dumps(body), content_type="application/json")
            client.delete(url)
            if _rows() != before:
                done.append(f"{url} changed rows")
            for call in corbado.requests[asked:]:
                if call.method == "DELETE" or "Tokens" in call.path:
                    done.append(f"{url} asked for {call.method} {call.path}")
    return done


def _urls(passkey_id: str) -> Iterator[str]:
    for app in (corbado_auth.urls, corbado_auth.headless.urls):
        for pattern in app.urlpatterns:
            if pattern.name in SIGNING_OUT:
                continue
            name = f"{app.app_name}:{pattern.name}"
            try:
                yield reverse(name)
            except NoReverseMatch:
                yield reverse(name, args=[passkey_id])


def _rows() -> dict[str, dict[str, Any]]:
    models = [*apps.get_app_config("corbado_auth").get_models(), get_user_model()]
    return {
        f"{model.__name__} {row.pk}": {
            field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields
        }
        for model in models
        if model.__name__ not in OF_LOOKING
        for row in model._base_manager.all()
    }


def act_as(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what many sites do by hand: sign in as someone, and remember who is behind it."""
    staff = request.user.pk
    login(request, get_user_model().objects.get(pk=pk), "django.contrib.auth.backends.ModelBackend")
    request.session["behind"] = staff
    return HttpResponse()


def come_back(request: HttpRequest) -> HttpResponse:
    staff = get_user_model().objects.get(pk=request.session["behind"])
    login(request, staff, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


def is_support(request: HttpRequest) -> bool:
    """Say whether someone is behind it (for CORBADO_IS_IMPERSONATING)."""
    return "behind" in request.session


urlpatterns = [path("as/<int:pk>/", act_as), path("back/", come_back), *site]


@pytest.mark.urls(__name__)
class TestTheSitesOwn(ImpersonationCases):
    """The tests for every impersonation app."""

    @pytest.fixture(autouse=True)
    def _noticed(self, settings: Any) -> None:
        settings.CORBADO_IS_IMPERSONATING = f"{__name__}.is_support"

    def acquire(self, support: Client, pk: Any) -> None:
        assert support.get(f"/as/{pk}/").status_code == 200

    def release(self, support: Client) -> None:
        assert support.get("/back/").status_code == 200
