"""The tests for every impersonation app: we notice that someone acts as another user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from corbado_auth.models import CorbadoAccount, PasskeyNudge
from corbado_auth.session import SIGN_IN
from corbado_auth.testing import Corbado, User
from tests.passkeys.test_passkeys import add_passkey, association_token, passkey_link
from tests.support.acting import try_all_doors
from tests.support.front_door import sign_in

PASSKEYS, ADD = "/corbado/passkeys/", "/corbado/passkeys/add/"
PASSWORD = "an old password"


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
