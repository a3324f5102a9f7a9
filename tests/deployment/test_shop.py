"""A shop with django-allauth, moved to PostgreSQL behind nginx and gunicorn: people sign in.

Real Chromium over verified TLS, the configuration that the how-to guides show, and the emulator
on a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from string import ascii_letters

import pytest

from corbado_auth.checks.ids import ADDRESS_IS_USER_NAME, EMULATOR_IN_PRODUCTION
from tests.browser.visitor import Visitor
from tests.deployment.seed import PASSWORD
from tests.deployment.stack import Stack

NewVisitor = Callable[..., Visitor]


@pytest.fixture
def customer(stack: Stack, new_visitor: NewVisitor) -> Visitor:
    """Return a visitor on the shop's login page whose device does not support passkeys."""
    person = new_visitor(passkeys=False, base_url=stack.url)
    person.page.goto("/accounts/login/")
    return person


@pytest.fixture
def customer_with_phone(stack: Stack, new_visitor: NewVisitor) -> Visitor:
    """Return a visitor on the shop's login page whose device supports passkeys."""
    person = new_visitor(base_url=stack.url)
    person.page.goto("/accounts/login/")
    return person


def sign_in_by_link(stack: Stack, person: Visitor, email: str) -> None:
    """Ask for a link as someone whom Corbado knows, and open it in another tab."""
    stack.emulator.add_user(email, fullName="Robin Example", confirmed=True)
    person.log_in(email)
    link = person.action("email_link")
    link.or_(person.action("resend_email")).wait_for()
    if link.is_visible():  # It asked for the password first.
        link.click()
    person.tab().page.goto(stack.emulator.wait_for_email(email))


def sign_in_by_password(person: Visitor, email: str) -> None:
    """Use allauth's own form."""
    form = person.page.locator("form[action='/accounts/login/']")
    form.locator("[name=login]").fill(email)
    form.locator("[name=password]").fill(PASSWORD)
    form.get_by_role("button", name="Sign in with password").click()


def linked(stack: Stack, email: str) -> list[tuple[object, ...]]:
    """Return the orders of everyone with this address, and whether they have an account."""
    query = """
        SELECT o.what, a.corbado_user_id IS NOT NULL FROM accounts_user u
        LEFT JOIN orders_order o ON o.user_id = u.id
        LEFT JOIN corbado_auth_corbadoaccount a ON a.user_id = u.id
        WHERE lower(u.email) = %s
    """
    return stack.rows(query, email)


# Before anyone comes -----------------------------------------------------------------------------


def test_check_deploy_warns_of_the_emulator_alone(stack: Stack) -> None:
    assert issues_of(stack.manage("check", "--deploy")) == [
        ADDRESS_IS_USER_NAME,
        EMULATOR_IN_PRODUCTION,
    ]


def test_check_deploy_has_no_warning_once_the_hosts_are_corbados(stack: Stack) -> None:
    urls = ("CORBADO_BACKEND_API_URL", "CORBADO_FRONTEND_API_URL")
    assert issues_of(stack.manage("check", "--deploy", without=urls)) == [ADDRESS_IS_USER_NAME]


def test_the_doctor_warns_of_the_emulator_and_of_unconfirmed_addresses(stack: Stack) -> None:
    output = stack.manage("corbado_doctor", "--origin", stack.url)
    findings = re.findall(r"^(ok|warning|wrong) +(.+(?:\n .+)*)", output, re.MULTILINE)
    assert len(findings) > 10
    assert not [text for state, text in findings if state == "wrong"]
    double_opt_in, emulator = (text for state, text in findings if state == "warning")
    assert double_opt_in.startswith("Double opt-in")
    assert EMULATOR_IN_PRODUCTION in emulator


def issues_of(output: str) -> list[str]:
    """Return the IDs of what ``manage.py check`` found, sorted."""
    return sorted(re.findall(r"\(([a-z_]+\.[CEIW]\d+)\)", output))


# The people who were there before -----------------------------------------------------------------


def test_a_magic_link_opens_the_existing_account(stack: Stack, customer: Visitor) -> None:
    sign_in_by_link(stack, customer, "erin@example.com")
    customer.lands_on("/orders/")
    customer.sees("a green lamp")
    assert linked(stack, "erin@example.com") == [("a green lamp", True)]


def test_the_existing_password_opens_it_through_corbado(stack: Stack, customer: Visitor) -> None:
    customer.log_in("paula@example.com")
    customer.give_password(PASSWORD)
    customer.lands_on("/orders/")
    assert linked(stack, "paula@example.com") == [("two lamps", True)]


def test_a_password_is_followed_by_a_passkey_and_the_passkey_opens_it(
    stack: Stack, customer_with_phone: Visitor
) -> None:
    """Allauth's own form, the nudge, and allauth's own way out in between."""
    person = customer_with_phone
    sign_in_by_password(person, "walt@example.com")
    person.lands_on("/orders/")
    person.page.get_by_role("button", name="Add a passkey").click()
    person.action("sign_up").click()
    person.lands_on("/corbado/passkeys/")
    person.page.goto("/accounts/logout/")
    person.page.get_by_role("button", name="Sign Out").click()
    person.lands_on("/")
    assert person.cookie("sessionid") is None
    person.page.goto("/accounts/login/")
    person.log_in("walt@example.com")
    person.lands_on("/orders/")
    person.sees("a blue lamp")
    assert linked(stack, "walt@example.com") == [("a blue lamp", True)]


def test_a_second_address_opens_it_once_it_is_proved_to_allauth(
    stack: Stack, customer: Visitor
) -> None:
    stack.rows("""
        INSERT INTO account_emailaddress (email, verified, "primary", user_id)
        SELECT 'mina@work.example.com', true, false, id FROM accounts_user
        WHERE email = 'mina@example.com' RETURNING id
    """)
    sign_in_by_link(stack, customer, "mina@work.example.com")
    customer.lands_on("/orders/")
    customer.sees("a lamp for the garden")
    assert linked(stack, "mina@example.com") == [("a lamp for the garden", True)]


def test_an_address_that_allauth_has_not_seen_proved_opens_nothing(
    stack: Stack, customer: Visitor
) -> None:
    sign_in_by_link(stack, customer, "zoe@example.com")
    customer.lands_on("/corbado/redirect/")
    assert customer.cookie("sessionid") is None
    assert linked(stack, "zoe@example.com") == [("no lamp yet", False)]
    assert "Sign-in refused: not_proved_to_allauth" in stack.log("gunicorn.log")


def test_nothing_opens_an_inactive_account(stack: Stack, customer: Visitor) -> None:
    """Corbado asks the shop, which says that she is blocked; a token does not help her, either."""
    ivy = stack.emulator.add_user("ivy@example.com", confirmed=True)
    customer.log_in("ivy@example.com")
    customer.sees("blocked")
    token_url = stack.emulator.issue_token(ivy)
    customer.page.evaluate("url => { location.href = url }", token_url)
    customer.lands_on("/corbado/redirect/")
    assert customer.cookie("sessionid") is None
    assert linked(stack, "ivy@example.com") == [("a lamp that never came", False)]


def test_the_staff_use_the_admin_with_their_passwords(stack: Stack, customer: Visitor) -> None:
    page = customer.page
    page.goto("/admin/corbado_auth/corbadoaccount/")
    page.get_by_label("Email address").fill("sam@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Select").wait_for()
    assert page.url == f"{stack.url}/admin/corbado_auth/corbadoaccount/"


def test_passwords_open_it_while_corbado_is_away(stack: Stack, new_visitor: NewVisitor) -> None:
    person = new_visitor(base_url=stack.url)
    person.context.route(f"{stack.emulator_url}/**", lambda route: route.abort())
    asked = len(stack.emulator.requests)
    person.page.goto("/accounts/login/")
    sign_in_by_password(person, "pete@example.com")
    person.lands_on("/orders/")
    person.sees("a red lamp")
    person.page.goto("/accounts/sessions/")
    person.sees("127.0.0.1")
    assert len(stack.emulator.requests) == asked  # Nor does the shop ask by itself.


# New people ---------------------------------------------------------------------------------------


def test_allauth_knows_the_address_of_a_new_user(stack: Stack, customer: Visitor) -> None:
    sign_in_by_link(stack, customer, "nora@example.com")
    customer.lands_on("/orders/")
    customer.page.goto("/accounts/email/")
    customer.sees("nora@example.com")
    addresses = stack.rows("""
        SELECT verified, "primary" FROM account_emailaddress WHERE email = 'nora@example.com'
    """)
    assert addresses == [(True, True)]


def test_allauth_lists_the_session_that_corbado_opened(stack: Stack, customer: Visitor) -> None:
    sign_in_by_link(stack, customer, "sven@example.com")
    customer.lands_on("/orders/")
    customer.page.goto("/accounts/sessions/")
    customer.sees("127.0.0.1")


def test_a_signed_in_person_may_open_the_login_page_again(stack: Stack, customer: Visitor) -> None:
    """For a magic link, and for the fresh sign-in before a passkey is added."""
    sign_in_by_link(stack, customer, "otto@example.com")
    customer.lands_on("/orders/")
    customer.page.goto("/accounts/login/?next=/corbado/passkeys/")
    customer.input("username").wait_for()
    customer.lands_on("/accounts/login/")


def test_our_own_way_out_ends_the_session(stack: Stack, customer: Visitor) -> None:
    sign_in_by_link(stack, customer, "olga@example.com")
    customer.lands_on("/orders/")
    before = stack.rows("SELECT count(*) FROM django_session")
    customer.page.goto("/corbado/login/")
    customer.page.get_by_role("button", name="Sign out").click()
    customer.lands_on("/")
    assert customer.cookie("sessionid") is None
    assert stack.rows("SELECT count(*) - 1 FROM django_session") < before


# Cookies ------------------------------------------------------------------------------------------


def test_our_cookies_are_bound_to_the_host_and_all_are_secure(
    stack: Stack, customer: Visitor
) -> None:
    before = {each["name"]: each for each in customer.context.cookies()}
    sign_in_by_link(stack, customer, "hugo@example.com")
    customer.lands_on("/orders/")
    after = {each["name"]: each for each in customer.context.cookies()}
    assert any(name.startswith("__Host-corbado_auth_intent_") for name in before)
    assert "sessionid" in after
    cookies = {**before, **after}.values()
    assert all(each["secure"] for each in cookies)
    assert {each["domain"] for each in cookies} == {"shop.example.test"}


def test_a_long_way_back_passes_nginx_and_gunicorn(stack: Stack, new_visitor: NewVisitor) -> None:
    """A long ``next`` is in the intent and the pending sign-in, both sent with the click."""
    person = new_visitor(passkeys=False, base_url=stack.url)
    # Text that does not compress makes the largest cookie.
    letters = Random(7).choices(ascii_letters, k=1300)  # noqa: S311
    far = f"/orders/?{''.join(letters)}"
    person.page.goto(f"/accounts/login/?next={far}")
    user = stack.emulator.add_user("long@example.com", fullName="ß" * 200, confirmed=True)
    token_url = stack.emulator.issue_token(user)
    person.page.goto("/")
    person.page.evaluate("url => { location.href = url }", token_url)
    person.lands_on("/corbado/confirm/")
    person.page.get_by_role("button", name="Yes, sign me in").click()
    person.lands_on("/orders/")
    assert person.page.url.endswith(far)
