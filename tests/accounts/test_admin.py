"""The admin finds accounts, shows them, unlinks them, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from corbado_auth.models import CorbadoAccount

LIST = "admin:corbado_auth_corbadoaccount_changelist"
VIEW = "admin:corbado_auth_corbadoaccount_change"
DELETE = "admin:corbado_auth_corbadoaccount_delete"

User = get_user_model()
# The bare user model has no staff, so nobody can open the admin there.
with_staff = pytest.mark.matrix if hasattr(User, "is_staff") else pytest.mark.django_db

MakeUser = Callable[..., AbstractBaseUser]


@pytest.fixture
def clerk(make_user: MakeUser, client: Client) -> Callable[..., Client]:
    """Return the function that signs in a staff user with some permissions."""

    def sign_in(*codenames: str) -> Client:
        from django.contrib.auth.models import Permission

        user: Any = make_user("clerk@example.com", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def page(client: Client, url: str, *args: Any, **query: str) -> str:
    response = client.get(reverse(url, args=args), query)
    assert response.status_code == 200
    return response.text


@with_staff
def test_the_list_takes_the_same_few_queries_for_any_number(
    staff: Client,
    make_account: Callable[..., CorbadoAccount],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        make_account(f"user{number}")
    with django_assert_num_queries(5):  # session, visitor, count, accounts, their users
        text = page(staff, LIST)
    assert text.count('class="field-local_user"') == 30


@with_staff
def test_the_list_leads_with_the_user_and_both_addresses(
    staff: Client, make_account: Callable[..., CorbadoAccount]
) -> None:
    account = make_account("ada")
    make_account("bea", email="BEA@local.example.com")
    text = page(staff, LIST)
    assert text.index("field-local_user") < text.index("field-address") < text.index("usr-ada")
    own = reverse(VIEW, args=[account.pk])
    assert f'<a href="{own}">ada@local.example.com<br>ada@corbado.example.com at Corbado' in text
    assert "BEA@" not in text


@with_staff
def test_an_account_without_an_address_is_a_link_away(
    staff: Client, make_account: Callable[..., CorbadoAccount], make_user: Callable[..., Any]
) -> None:
    account = make_account("nameless", user=make_user("", user_name="nameless"), email="")
    own = reverse(VIEW, args=[account.pk])
    assert f'<a href="{own}">usr-nameless</a>' in page(staff, LIST)
    account.email = "named@corbado.example.com"
    account.save()
    assert f'<a href="{own}">named@corbado.example.com at Corbado</a>' in page(staff, LIST)


@with_staff
def test_the_list_is_filtered_by_the_last_sign_in(
    staff: Client, make_account: Callable[..., CorbadoAccount]
) -> None:
    make_account("never")
    text = page(staff, LIST, last_sign_in_at__isnull="True")
    assert "usr-never" in text
    # On a phone, where there are no column titles, the style hides it.
    empty = '<span class="corbado-empty">-</span>'
    assert f'<td class="field-last_sign_in_at nowrap">{empty}</td>' in text
    assert "usr-never" not in page(staff, LIST, last_sign_in_at__isnull="False")


def user_page(account: CorbadoAccount) -> str:
    name = f"{User._meta.app_label}_{User._meta.model_name}"
    return reverse(f"admin:{name}_change", args=[account.user.pk])


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["list", "page"])
def test_the_user_is_a_link(
    staff: Client, make_account: Callable[..., CorbadoAccount], where: str
) -> None:
    account = make_account("ada")
    text = page(staff, LIST) if where == "list" else page(staff, VIEW, account.pk)
    assert f'<a href="{user_page(account)}">{account.user}</a>' in text
    assert staff.get(user_page(account)).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["list", "page"])
def test_the_user_is_no_link_for_those_who_may_not_see_users(
    clerk: Callable[..., Client], make_account: Callable[..., CorbadoAccount], where: str
) -> None:
    account, client = make_account("ada"), clerk("view_corbadoaccount")
    text = page(client, LIST) if where == "list" else page(client, VIEW, account.pk)
    assert str(account.user) in text
    assert user_page(account) not in text


@with_staff
def test_the_user_is_no_link_where_the_admin_has_no_users(
    staff: Client, make_account: Callable[..., CorbadoAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account("ada")
    reverse(LIST)  # The URLconf takes the admin's URLs once, and for all tests: before the change.
    monkeypatch.delitem(admin.site._registry, User, raising=False)
    assert f">{account.user}</a>" not in page(staff, LIST)


@pytest.mark.django_db
def test_a_user_name_is_escaped(staff: Client, make_account: Callable[..., CorbadoAccount]) -> None:
    account = make_account("ada")
    User.objects.filter(pk=account.user.pk).update(username="<script>alert(1)</script>")
    assert "<script>alert" not in page(staff, LIST) + page(staff, VIEW, account.pk)


@with_staff
def test_nothing_can_be_added_or_changed(
    staff: Client, make_account: Callable[..., CorbadoAccount]
) -> None:
    account = make_account("ada")
    text = page(staff, VIEW, account.pk)
    assert '<input type="text"' not in text
    assert 'name="_save"' not in text
    assert staff.get(reverse("admin:corbado_auth_corbadoaccount_add")).status_code == 403
    assert staff.post(reverse(VIEW, args=[account.pk]), {"email": "x@y.zz"}).status_code == 403
    account.refresh_from_db()
    assert account.email == "ada@corbado.example.com"


@with_staff
def test_an_account_is_unlinked_after_a_question_and_it_is_logged(
    staff: Client, make_account: Callable[..., CorbadoAccount]
) -> None:
    account = make_account("ada")
    choice = {"action": "delete_selected", "_selected_action": [account.pk]}
    asked = staff.post(reverse(LIST), choice).text
    assert "unlinks it" in asked
    assert CorbadoAccount.objects.exists()
    staff.post(reverse(LIST), {**choice, "post": "yes"})
    assert not CorbadoAccount.objects.exists()
    assert User.objects.filter(pk=account.user_id).exists()
    assert LogEntry.objects.get().action_flag == DELETION


@with_staff
def test_the_action_says_what_it_is_for(
    staff: Client, make_account: Callable[..., CorbadoAccount]
) -> None:
    make_account("ada")
    text = page(staff, LIST)
    assert "Unlink, so that this person can link again" in text
    assert text.count('value="delete_selected"') == 1


@with_staff
def test_one_account_is_unlinked_from_its_page(
    staff: Client, make_account: Callable[..., CorbadoAccount]
) -> None:
    account = make_account("ada")
    assert "unlinks it" in page(staff, DELETE, account.pk)
    staff.post(reverse(DELETE, args=[account.pk]), {"post": "yes"})
    assert not CorbadoAccount.objects.exists()
    assert LogEntry.objects.get().action_flag == DELETION


@with_staff
def test_unlinking_takes_the_permission(
    clerk: Callable[..., Client], make_account: Callable[..., CorbadoAccount]
) -> None:
    account, client = make_account("ada"), clerk("view_corbadoaccount", "change_corbadoaccount")
    assert "Unlink" not in page(client, LIST)
    assert client.post(reverse(DELETE, args=[account.pk]), {"post": "yes"}).status_code == 403
    client.post(
        reverse(LIST),
        {"action": "delete_selected", "_selected_action": [account.pk], "post": "yes"},
    )
    assert CorbadoAccount.objects.exists()


@with_staff
def test_without_a_permission_there_is_nothing_to_see(clerk: Callable[..., Client]) -> None:
    assert clerk().get(reverse(LIST)).status_code == 403
