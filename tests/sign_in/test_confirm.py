"""The confirm page: what it shows, and what its two buttons do."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client, override_settings

from corbado_auth.sign_in import pending
from corbado_auth.testing import Corbado, User
from tests.support.front_door import TOKEN, come_back, open_login_page

pytestmark = pytest.mark.django_db

LOGIN, CONFIRM = "/corbado/login/", "/corbado/confirm/"


@pytest.fixture(autouse=True)
def _no_failed_attempts() -> None:
    cache.clear()


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com", "Robin Example")


def wait_at_the_confirm_page(client: Client, corbado: Corbado, person: User) -> str:
    """Come with a token that nobody asked for; return the ID in the form of the confirm page."""
    assert come_back(client, corbado.issue_token(person), sec_fetch_site="none").url == CONFIRM
    return client.get(CONFIRM).context["result"].id


def test_the_confirm_page_shows_the_whole_confirmed_address_and_nothing_else_of_theirs(
    client: Client, corbado: Corbado, wire: Any
) -> None:
    wire.answers_user(
        "usr-1",
        full_name="Your Bank",
        emails=[("robin@example.com", "active"), ("chief@example.org", "pending")],
    )
    come_back(client, TOKEN, sec_fetch_site="none")
    page = client.get(CONFIRM).content.decode()
    assert "<strong>robin@example.com</strong>" in page
    assert "Your Bank" not in page
    assert "chief@example.org" not in page


def test_the_confirm_page_says_so_where_no_address_is_confirmed(
    client: Client, corbado: Corbado
) -> None:
    person = corbado.add_user("robin@example.com", "Robin Example", confirmed=False)
    wait_at_the_confirm_page(client, corbado, person)
    page = client.get(CONFIRM).content.decode()
    assert "a person without a confirmed address" in page
    assert "robin@example.com" not in page


def test_the_confirm_page_says_who_is_signed_in_now(
    client: Client, corbado: Corbado, robin: User, make_user: Callable[..., Any]
) -> None:
    client.force_login(make_user("kim@example.com"))
    wait_at_the_confirm_page(client, corbado, robin)
    assert "<strong>kim@example.com</strong>" in client.get(CONFIRM).content.decode()


def test_no_button_signs_an_impersonator_in(client: Client, corbado: Corbado, robin: User) -> None:
    shown = wait_at_the_confirm_page(client, corbado, robin)
    with override_settings(CORBADO_IS_IMPERSONATING="tests.support.front_door.is_support"):
        answer = client.post(CONFIRM, {"id": shown})
    assert answer.status_code == 403
    assert "acting as someone else" in answer.content.decode()
    assert not Session.objects.exists()


def test_this_is_not_me_forgets_the_result(client: Client, corbado: Corbado, robin: User) -> None:
    shown = wait_at_the_confirm_page(client, corbado, robin)
    response = client.post(CONFIRM, {"id": shown, "decline": "yes"})
    assert response.status_code == 200
    assert f'href="{LOGIN}"' in response.content.decode()
    assert client.post(CONFIRM, {"id": shown}).status_code == 400
    assert not Session.objects.exists()


def test_the_button_uses_the_result_up(client: Client, corbado: Corbado, robin: User) -> None:
    shown = wait_at_the_confirm_page(client, corbado, robin)
    client.post(CONFIRM, {"id": shown})
    assert client.cookies[pending.cookie.name].value == ""


def test_the_confirm_page_without_a_result_is_400(client: Client) -> None:
    assert client.get(CONFIRM).status_code == 400
    assert b"This sign-in took too long" in client.post(CONFIRM).content


def test_a_user_made_inactive_meanwhile_is_refused_on_the_button(
    client: Client, corbado: Corbado, robin: User, make_user: Callable[..., Any]
) -> None:
    user = make_user("robin@example.com")
    shown = wait_at_the_confirm_page(client, corbado, robin)
    user.is_active = False
    user.save()
    assert client.post(CONFIRM, {"id": shown}).status_code == 403
    assert not Session.objects.exists()


def test_the_button_goes_on_to_the_next_of_the_intent(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client, "/orders/")
    shown = wait_at_the_confirm_page(client, corbado, robin)
    assert client.post(CONFIRM, {"id": shown}).url == "/orders/"


def test_a_result_too_large_for_a_cookie_is_refused(
    client: Client, corbado: Corbado, wire: Any, caplog: pytest.LogCaptureFixture
) -> None:
    addresses = [f"{sha256(b'%d' % number).hexdigest()}@example.com" for number in range(100)]
    wire.answers_user("usr-1", emails=[(address, "active") for address in addresses])
    assert come_back(client, TOKEN, sec_fetch_site="none").status_code == 403
    assert "too_large" in caplog.text


# Another tab has answered meanwhile --------------------------------------------------------


def sign_in_in_another_tab(client: Client, corbado: Corbado, person: User, next_url: str) -> None:
    """Be signed in by the tab that waited for the mailed link."""
    open_login_page(client, next_url)
    assert come_back(client, corbado.issue_token(person)).url == (next_url or "/account/")


@pytest.fixture
def strict() -> Client:
    """A browser whose forms need their CSRF token, as in production."""
    return Client(enforce_csrf_checks=True)


def form_of(client: Client) -> dict[str, str]:
    """Return what the form of the confirm page would send."""
    page = client.get(CONFIRM)
    token = page.context["csrf_token"]
    result, who = page.context["result"], page.context["who"]
    return {"id": result.id, "who": who, "csrfmiddlewaretoken": str(token)}


def test_the_button_takes_a_signed_in_user_on(
    strict: Client, corbado: Corbado, robin: User
) -> None:
    wait_at_the_confirm_page(strict, corbado, robin)
    form = form_of(strict)
    sign_in_in_another_tab(strict, corbado, robin, "/orders/")
    answer = strict.post(CONFIRM, form)
    assert (answer.status_code, answer["Location"]) == (303, "/orders/")


def test_it_does_not_take_another_user_on(
    strict: Client, corbado: Corbado, robin: User, caplog: pytest.LogCaptureFixture
) -> None:
    wait_at_the_confirm_page(strict, corbado, robin)
    form = form_of(strict)
    sign_in_in_another_tab(strict, corbado, corbado.add_user("kim@example.com"), "")
    answer = strict.post(CONFIRM, form)
    assert answer.status_code == 403
    assert "This page was out of date" in answer.content.decode()
    assert "CSRF" in caplog.text


def test_no_is_not_taken_for_yes(strict: Client, corbado: Corbado, robin: User) -> None:
    wait_at_the_confirm_page(strict, corbado, robin)
    form = {**form_of(strict), "decline": "yes"}
    sign_in_in_another_tab(strict, corbado, robin, "")
    answer = strict.post(CONFIRM, form)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()


@pytest.mark.parametrize("form", [{}, {"id": "x"}, {"id": "x", "csrfmiddlewaretoken": "x" * 32}])
def test_a_form_without_its_token_gets_a_page_of_ours(strict: Client, form: dict[str, str]) -> None:
    answer = strict.post(CONFIRM, form)
    assert answer.status_code == 403
    assert answer.templates[0].name == "corbado_auth/form_out_of_date.html"


def test_the_token_is_checked_where_the_site_has_no_middleware_for_it(
    strict: Client, corbado: Corbado, robin: User, settings: Any
) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "csrf" not in each]
    wait_at_the_confirm_page(strict, corbado, robin)
    form = form_of(strict)
    assert strict.post(CONFIRM, {**form, "csrfmiddlewaretoken": ""}).status_code == 403
    assert strict.post(CONFIRM, form).status_code == 303


def test_a_reload_by_a_signed_in_user_says_so(
    client: Client, corbado: Corbado, robin: User
) -> None:
    wait_at_the_confirm_page(client, corbado, robin)
    sign_in_in_another_tab(client, corbado, robin, "/orders/")
    page = client.get(CONFIRM)
    assert page.status_code == 200
    assert "You are signed in as <strong>robin@example.com</strong>" in page.content.decode()
    assert 'href="/orders/"' in page.content.decode()


def settled(client: Client, who: str) -> str:
    """Ask as the page's script does."""
    answer = client.get(CONFIRM, {"settled": who})
    assert "no-store" in answer["Cache-Control"]
    return str(answer.json()["url"])


def test_the_script_hears_when_another_tab_has_answered(
    client: Client, corbado: Corbado, robin: User
) -> None:
    wait_at_the_confirm_page(client, corbado, robin)
    page = client.get(CONFIRM)
    who = page.context["who"]
    assert f"settled={who}" in page.content.decode()
    assert settled(client, who) == ""
    sign_in_in_another_tab(client, corbado, robin, "/orders/")
    assert settled(client, who) == "/orders/"


def test_the_script_hears_when_another_person_is_pending(
    client: Client, corbado: Corbado, robin: User
) -> None:
    wait_at_the_confirm_page(client, corbado, robin)
    who = client.get(CONFIRM).context["who"]
    wait_at_the_confirm_page(client, corbado, corbado.add_user("kim@example.com"))
    assert settled(client, who) == CONFIRM
    assert settled(client, "made up") == CONFIRM


def test_no_page_calls_a_person_by_a_corbado_id(
    client: Client, corbado: Corbado, robin: User, make_user: Any
) -> None:
    user = make_user("", username="usr-1234")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    wait_at_the_confirm_page(client, corbado, robin)
    for page in (client.get(LOGIN), client.get(CONFIRM)):
        assert "usr-" not in page.content.decode()
        assert "someone without a name" in page.content.decode()
