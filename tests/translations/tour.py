"""A walk past every page that the package has, through the front door, in one language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.identity import Passkey
from corbado_auth.models import (
    ConnectAccount,
    CorbadoAccount,
    MigrationAttempt,
    PasskeyNudge,
)
from corbado_auth.sign_in_record import ListedSession
from corbado_auth.testing import Corbado, User
from tests.support.front_door import FROM_LOGIN_PAGE, TOKEN, age_sign_in, come_back, open_login_page

PASSWORD = "an old password"
ORIGIN = "http://testserver"
SESSIONS = "/corbado/sessions/"
LOGIN, CONFIRM, LIST = "/corbado/login/", "/corbado/confirm/", "/corbado/passkeys/"
CONFIRM_EMAIL = "/corbado/confirm-email/"
BACKENDS = "tests.support.backends"
STEP_UP, KEPT = "/corbado/step-up/?next=/account/", "/corbado/step-up/form/"
ADD, NUDGE = f"{LIST}add/", f"{LIST}nudge/"
VALIDATE, CREDENTIALS = "/v1/authTokens/validate", "/v1/webauthn/credential"

Stop = tuple[str, Any]


class Tour:
    """Ask for every page; what is shown of people is made of ``DATA``, and nothing else."""

    DATA = (
        "Firefox",
        "Linux",
        "erin",
        "robin",
        "boss",
        "Ferrite Key",
        "Tinplate Phone",
        "1.0",
        "mica",
        "noor",
        "closed",
        "imported",
    )

    def __init__(self, corbado: Corbado, make_user: Callable[..., Any], language: str) -> None:
        self.corbado = corbado
        self.make_user = make_user
        self.language = language
        self.erin = make_user("erin@example.com", username="erin", password=PASSWORD)
        self.robin = corbado.add_user("robin@example.com", "Robin Example")

    def pages(self) -> Iterator[Stop]:
        """Yield (name, response) for all of them."""
        yield from self.login_pages()
        yield from self.failures()
        yield from self.refusals()
        yield from self.confirm_pages()
        yield from self.passkey_pages()
        yield from self.closed_account()
        yield from self.session_pages()
        yield from self.parts_on_pages_of_the_site()
        yield from self.connect_pages()
        yield from self.admin_pages()
        yield from self.admin_sign_in()
        yield from self.invitations()
        yield from self.switched_off()

    def browser(self, user: AbstractBaseUser | None = None) -> Client:
        client = Client(headers={"accept-language": self.language})
        if user is not None:
            # Not force_login(): the signal notes the time, and makes the offer.
            assert client.login(username=user.get_username(), password=PASSWORD)
        return client

    def login_pages(self) -> Iterator[Stop]:
        yield "login", self.browser().get(LOGIN)
        yield "login, signed in", self.browser(self.erin).get(LOGIN)
        yield "login with a field", self.browser().get("/field/")
        with mock.patch("corbado_auth.views.LoginView.password_reset_names", ["admin:index"]):
            yield "login, forgotten", self.browser().get(LOGIN)
        with override_settings(LOGIN_URL="/account/"):
            yield "login, another way", self.browser().get(LOGIN)
        with override_settings(ROOT_URLCONF="tests.security.urls_login_at_root"):
            yield "too long", self.browser().get("/", {"padding": "x" * 9000})

    def failures(self) -> Iterator[Stop]:
        yield "malformed_token", self.come_back("odd")
        yield "not_a_navigation", self.come_back(TOKEN, sec_fetch_mode="cors")
        yield "not_asked_here", self.browser().get(f"/corbado/redirect/?corbadoAuthToken={TOKEN}")
        yield "invalid_token", self.come_back(TOKEN)
        stranger = self.corbado.add_user("stranger@example.com")
        with override_settings(AUTHENTICATION_BACKENDS=[f"{BACKENDS}.MembersBackend"]):
            yield "refused", self.come_back(self.corbado.issue_token(stranger))
        self.corbado.fail_next(VALIDATE, status=503)
        yield "unavailable", self.come_back(TOKEN)
        stop = f"/corbado/redirect/?corbadoAuthToken={TOKEN}"
        yield "unavailable, stopped", self.browser().post(stop, {"stop": "yes"})
        self.corbado.fail_next(VALIDATE, status=401)
        yield "misconfigured", self.come_back(TOKEN)
        with mock.patch("corbado_auth.sign_in.views.client_info", side_effect=OperationalError):
            yield "database_unavailable", self.come_back(TOKEN)
        with override_settings(CORBADO_FAILED_ATTEMPTS_PER_MINUTE=1):
            client = self.browser()
            open_login_page(client)
            # Twice more, should a new minute begin in between.
            pages = [come_back(client, TOKEN) for _attempt in range(3)]
        yield "too_many_attempts", pages[-1]
        yield "too_many_attempts, stopped", client.post(stop, {"stop": "too_many_attempts"})
        cache.clear()
        yield "nothing_pending", self.browser().get(CONFIRM)

    def refusals(self) -> Iterator[Stop]:
        self.make_user("gone@example.com", username="gone", is_active=False)
        yield "inactive", self.arrive(self.browser(), self.corbado.add_user("gone@example.com"))
        client = self.browser()
        mica = self.corbado.add_user("mica@example.com", confirmed=False)
        self.make_user("mica@example.com", username="mica", password=PASSWORD)
        page = self.arrive(client, mica)
        yield "account_exists", page
        form = {"id": page.context["result"].id}
        wrong = {**form, "username": "mica", "password": "wrong"}
        yield "account_exists, wrong", client.post("/corbado/link-account/", wrong)
        yield "email_sent", client.post(CONFIRM_EMAIL, form, follow=True)
        link = self.corbado.outbox[-1].link.partition("#")[0].removeprefix("http://testserver")
        yield "other_browser", self.browser().get(link)
        client.post(CONFIRM_EMAIL, form)
        yield "too_many_links", client.post(CONFIRM_EMAIL, form)
        with override_settings(AUTHENTICATION_BACKENDS=[f"{BACKENDS}.UnprovenBackend"]):
            yield "account_exists, by email", self.arrive(self.browser(), mica)
        with mock.patch("corbado_auth.mapping.lookup_is_blind", return_value=True):
            yield "account_exists, perhaps", self.arrive(self.browser(), self.robin)
        self.make_user("boss@example.org", username="chief", is_staff=True, password=PASSWORD)
        boss = self.corbado.add_user("boss@example.org")
        with override_settings(CORBADO_PASSWORD_BACKENDS=[]):
            yield "account_exists, no way", self.arrive(self.browser(), boss)
        yield "account_exists, password", self.arrive(self.browser(), boss)
        noor = self.corbado.add_user("noor@example.com", confirmed=False)
        with mock.patch("corbado_auth.new_users.email_field_name", return_value="username"):
            yield "confirm_email", self.arrive(self.browser(), noor)
        imported = self.make_user("imported@example.com", username="imported")
        there = self.corbado.add_user("imported@example.com", confirmed=False)
        CorbadoAccount.objects.link(imported, there.id)
        yield "address_unconfirmed", self.arrive(self.browser(), there)
        moved = self.make_user("imported2@example.com", username="imported2")
        elsewhere = self.corbado.add_user("imported@example.org")
        CorbadoAccount.objects.link(moved, elsewhere.id)
        yield "address_unconfirmed, another address", self.arrive(self.browser(), elsewhere)
        cache.clear()

    def arrive(self, client: Client, person: User) -> Any:
        """Sign in from the login page."""
        open_login_page(client)
        return come_back(client, self.corbado.issue_token(person))

    def confirm_pages(self) -> Iterator[Stop]:
        client = self.waiting(self.browser(), self.robin)
        yield "confirm", client.get(CONFIRM)
        other = self.waiting(self.browser(), self.robin)
        yield "declined", other.post(CONFIRM, {"decline": "yes"})
        yield "confirm, another person", client.post(CONFIRM, {"id": "of another tab"})
        nobody = self.corbado.add_user("unconfirmed@example.com", confirmed=False)
        yield "confirm, no address", self.waiting(self.browser(), nobody).get(CONFIRM)
        done = self.waiting(self.browser(), self.robin)
        done.force_login(self.erin, "django.contrib.auth.backends.ModelBackend")
        yield "signed_in", done.get(CONFIRM)
        strict = Client(headers={"accept-language": self.language}, enforce_csrf_checks=True)
        yield "form_out_of_date", strict.post(CONFIRM)
        yield "confirm, signed in", self.waiting(self.browser(self.erin), self.robin).get(CONFIRM)

    def passkey_pages(self) -> Iterator[Stop]:
        nameless = self.make_user("", username="nameless", password=PASSWORD)
        yield "no address", self.browser(nameless).post(ADD)
        client = self.browser(self.erin)
        yield "no passkeys", client.get(LIST)
        known = self.corbado.add_user("erin@example.com")
        yield "through Corbado", client.post(ADD)
        CorbadoAccount.objects.create(
            user=self.erin,
            project_id=settings.CORBADO_PROJECT_ID,
            corbado_user_id=known.id,
            email=known.email,
            first_sign_in_at=timezone.now() - timedelta(days=20),
        )
        with passkeys():
            yield "passkeys", client.get(LIST)
            yield "remove", client.get(f"{LIST}cre-1/remove/")
            yield "rename", client.get(f"{LIST}cre-1/rename/")
            yield "rename, wrong", client.post(f"{LIST}cre-1/rename/", {"name": "1.0\x07"})
            named = {"name": "erin"}
            yield "passkeys, one named", client.post(f"{LIST}cre-1/rename/", named, follow=True)
        cache.clear()  # A list is kept for half a minute.
        with passkeys(count=1):
            yield "remove the last", client.get(f"{LIST}cre-1/remove/")
        yield "add", client.post(ADD)
        self.corbado.fail_next(CREDENTIALS, status=503)
        yield "passkeys_unavailable", client.get(LIST)
        with override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support"):
            yield "impersonating", client.post(ADD)
        age_sign_in(client)
        yield "step_up", client.get(STEP_UP)
        with override_settings(LOGIN_URL="/account/"):
            yield "step_up, another way", client.get(STEP_UP)
        assert client.login(username="erin", password=PASSWORD)
        yield "step_up, of no use", client.get(STEP_UP)
        yield "step_up, a visitor", self.browser().get(STEP_UP)
        yield from self.kept_form(self.browser(self.erin))

    def closed_account(self) -> Iterator[Stop]:
        """Request a passkey for a person whom Corbado has deleted."""
        gone = self.make_user("closed@example.com", username="closed", password=PASSWORD)
        client = self.browser(gone)
        person = self.corbado.add_user("closed@example.com")
        CorbadoAccount.objects.create(
            user=gone, project_id=settings.CORBADO_PROJECT_ID, corbado_user_id=person.id
        )
        CorbadoService().delete_user(person.id)
        yield "closed", client.post(ADD)

    def session_pages(self) -> Iterator[Stop]:
        """Two known browsers and an unknown one."""
        with override_settings(CORBADO_SESSION_LIST=True):
            here, *others = (self.browser(self.erin) for _each in range(4))
            done = others.pop()
            for browser, agent in zip(others, ("Firefox Linux", "curl"), strict=True):
                row = ListedSession.objects.get(session_key=browser.session.session_key)
                row.user_agent = agent
                row.save()
            (handle,) = (
                each["entry"].handle
                for each in here.get(SESSIONS).context["sessions"]
                if each["entry"].key == done.session.session_key
            )
            yield "sessions", here.post(SESSIONS, {"session": handle}, follow=True)

    def kept_form(self, client: Client) -> Iterator[Stop]:
        """Send a form to a page of the site, and sign in again."""
        yield "kept_post_gone", client.get(KEPT)
        age_sign_in(client)
        client.post("/matters/", {"amount": "10"})
        age_sign_in(client, -601)
        yield "kept_post", client.get(KEPT)

    def parts_on_pages_of_the_site(self) -> Iterator[Stop]:
        # The offer is for people who never came through Corbado, and was not made lately.
        CorbadoAccount.objects.update(first_sign_in_at=None)
        PasskeyNudge.objects.all().delete()
        client = self.browser(self.erin)
        with passkeys():
            yield "nudge and list", client.get("/of-the-site/")
        self.corbado.fail_next(CREDENTIALS, status=503)
        yield "list, unavailable", client.get("/of-the-site/")
        yield "odd answer", client.post(NUDGE, {"answer": "perhaps"})

    def connect_pages(self) -> Iterator[Stop]:
        """What a site with Connect, or with both products, shows."""
        with override_settings(CORBADO_CONNECT="both"):
            yield "connect, login", self.browser().get(LOGIN)
            yield "connect, login, older", self.browser().get(LOGIN, {"older": "yes"})
        with override_settings(CORBADO_CONNECT=True):
            client = self.browser(self.erin)
            yield "connect, passkeys", client.get("/corbado/connect/passkeys/")
            age_sign_in(client)
            yield "connect, passkeys, not recent", client.get("/corbado/connect/passkeys/")
            ConnectAccount.objects.update(last_sign_in_at=timezone.now())
            yield "connect, confirm", client.get("/corbado/connect/confirm/")
            PasskeyNudge.objects.all().delete()
            ConnectAccount.objects.all().delete()
            yield "connect, append", self.browser(self.erin).get("/of-the-site/")
            ConnectAccount.objects.get_or_create(user=self.erin, project_id="pro-1", handle="erin")
            yield "connect, append too", self.browser(self.erin).get("/of-the-site/")
        with override_settings(AUTHENTICATION_BACKENDS=[f"{BACKENDS}.SecondFactorBackend"]):
            client = self.browser()
            open_login_page(client)
            known = CorbadoAccount.objects.get(user=self.erin).corbado_user_id
            yield "second_factor", come_back(client, self.corbado.issue_token(known))
            page = mock.patch(f"{BACKENDS}.SecondFactorBackend.second_factor_url", "/account/")
            with page:
                client = self.browser()
                open_login_page(client)
                yield "second_factor, page", come_back(client, self.corbado.issue_token(known))

    def admin_pages(self) -> Iterator[Stop]:
        boss = self.make_user(
            "boss@example.com", username="boss", password=PASSWORD, is_staff=True, is_superuser=True
        )
        client = self.browser(boss)
        account = CorbadoAccount.objects.get(user=self.erin)
        ours = {"user": self.erin, "project_id": settings.CORBADO_PROJECT_ID}
        MigrationAttempt.objects.update_or_create(**ours)
        PasskeyNudge.objects.update_or_create(
            **ours, defaults={"answer": "never", "quiet_since": timezone.now()}
        )
        MigrationAttempt.objects.create(**{**ours, "user": boss}, outcome="refused", reason="staff")
        model = "admin:corbado_auth_corbadoaccount"
        yield "admin index", client.get(reverse("admin:index"))
        yield "accounts", client.get(reverse(f"{model}_changelist"))
        yield "account", client.get(reverse(f"{model}_change", args=[account.pk]))
        yield "unlink", client.get(reverse(f"{model}_delete", args=[account.pk]))
        chosen = {"action": "delete_selected", "_selected_action": [account.pk]}
        yield "unlink some", client.post(reverse(f"{model}_changelist"), chosen)
        known = ConnectAccount.objects.first()
        assert known is not None
        model = "admin:corbado_auth_connectaccount"
        yield "connect accounts", client.get(reverse(f"{model}_changelist"))
        yield "connect account", client.get(reverse(f"{model}_change", args=[known.pk]))
        yield "connect, unlink", client.get(reverse(f"{model}_delete", args=[known.pk]))
        chosen = {"action": "delete_selected", "_selected_action": [known.pk]}
        yield "connect, unlink some", client.post(reverse(f"{model}_changelist"), chosen)
        yield "attempts", client.get(reverse("admin:corbado_auth_migrationattempt_changelist"))
        yield "adoption", client.get(reverse("admin:corbado_auth_adoption"))
        yield "delete a user", client.get(reverse("admin:auth_user_delete", args=[self.erin.pk]))
        with override_settings(LOGOUT_REDIRECT_URL=None):
            yield "admin, signed out", client.post("/passkey-admin/logout/")

    def admin_sign_in(self) -> Iterator[Stop]:
        """An admin site that has Corbado's component above its password form."""
        yield "admin, login", self.browser().get("/passkey-admin/login/?next=/passkey-admin/")
        yield "admin, no access", self.browser(self.erin).get("/passkey-admin/login/")

    def invitations(self) -> Iterator[Stop]:
        """Invite someone of the staff, who comes with another address first."""
        self.make_user("lead@example.com", username="lead", is_staff=True)
        call_command(
            "corbado_invite_staff", user="lead", origin=ORIGIN, yes=True, stdout=StringIO()
        )
        link = re.search(rf"{ORIGIN}(/\S+)", str(mail.outbox[-1].body))
        assert link is not None
        client = self.browser()
        page = client.get(link[1])
        yield "invitation", page
        client.post("/corbado/invitation/", {"corbadoInvitation": page.context["secret"]})
        stranger = self.corbado.add_user("other@example.com")
        yield "other_invitation", self.arrive(client, stranger)
        yield "invitation_gone", self.browser().get("/corbado/invitation/?corbadoInvitation=odd")

    def switched_off(self) -> Iterator[Stop]:
        """Turn the switch in the admin, and look at what it leaves."""
        address = reverse("admin:corbado_auth_signinswitch_changelist")
        client = self.browser(get_user_model()._default_manager.get(username="boss"))
        with override_settings(CORBADO_ENABLED_FOR="corbado_auth.pilot.is_staff"):
            yield "switch, pilot", client.get(address)
        client.post(address, {"turn": "off"})
        try:
            yield "switch, off", client.get(address)
            yield "switched_off", self.browser().get("/corbado/redirect/")
            yield "switched_off, signed in", self.browser(self.erin).get("/corbado/redirect/")
            yield "switched_off, login", self.browser().get(LOGIN)
            with override_settings(CORBADO_PASSWORD_BACKENDS=[]):
                yield "switched_off, no way", self.browser().get(LOGIN)
        finally:
            client.post(address, {"turn": "on"})

    def come_back(self, token: str, **headers: str | None) -> Any:
        """Come back from Corbado as a browser that opened the login page does."""
        client = self.browser()
        open_login_page(client)
        return come_back(client, token, **headers)

    def waiting(self, client: Client, person: User) -> Client:
        """Come with a token that nobody asked for."""
        headers = {**FROM_LOGIN_PAGE, "sec-fetch-site": "none"}
        token = self.corbado.issue_token(person)
        client.get(f"/corbado/redirect/?corbadoAuthToken={token}", headers=headers)
        return client


@contextmanager
def passkeys(count: int = 2) -> Iterator[None]:
    """Let Corbado have passkeys with everything that there is to show."""
    now = timezone.now()
    known = [
        Passkey("cre-1", "Ferrite Key", "", "Tinplate Phone", now, now + timedelta(days=1), True),
        Passkey("cre-2", created=now),
    ]
    with mock.patch(
        "corbado_auth.corbado_api.service.CorbadoService.list_passkeys", return_value=known[:count]
    ):
        yield
