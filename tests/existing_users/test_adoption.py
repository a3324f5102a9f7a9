"""The adoption numbers, and the command that prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from corbado_auth.backends import CorbadoBackend
from corbado_auth.existing_users.adoption import measure
from corbado_auth.models import ConnectAccount, CorbadoAccount, MigrationAttempt
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db


class Trusting(CorbadoBackend):
    """A site that has confirmed its users' addresses."""

    local_emails_are_verified = True


# A Wednesday.
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.fixture
def link(make_user: Callable[..., Any]) -> Callable[..., CorbadoAccount]:
    """Return the function that makes a user with an account."""

    def make(number: int, **fields: Any) -> CorbadoAccount:
        fields.setdefault("project_id", settings.CORBADO_PROJECT_ID)
        user = make_user(f"user{number}@example.com", password="an old password")
        return CorbadoAccount.objects.create(user=user, corbado_user_id=f"usr-{number}", **fields)

    return make


def test_an_empty_site_has_no_shares() -> None:
    adoption = measure(NOW)
    assert (adoption.users, adoption.moved, adoption.share(adoption.moved)) == (0, 0, 0.0)


def test_people_are_counted_by_how_far_they_came(
    make_user: Callable[..., Any], link: Callable[..., CorbadoAccount]
) -> None:
    make_user("still@example.com")
    link(1)
    link(2, first_sign_in_at=NOW)
    link(3, first_sign_in_at=NOW, last_password_at=NOW + timedelta(days=1))
    link(4, first_sign_in_at=NOW, last_password_at=NOW - timedelta(days=1))
    adoption = measure(NOW)
    assert (adoption.users, adoption.moved) == (5, 4)
    assert (adoption.signed_in, adoption.used_password_since) == (3, 1)


def test_another_project_does_not_count(link: Callable[..., CorbadoAccount]) -> None:
    link(1, project_id="pro-2", first_sign_in_at=NOW)
    adoption = measure(NOW)
    assert (adoption.users, adoption.moved, adoption.weeks[-1].total) == (1, 0, 0)


def test_refusals_are_counted_by_reason(make_user: Callable[..., Any]) -> None:
    for number, (outcome, reason) in enumerate(
        [("refused", "no_email"), ("refused", "no_email"), ("skipped", "staff")]
    ):
        MigrationAttempt.objects.create(
            user=make_user(f"user{number}@example.com"),
            project_id=settings.CORBADO_PROJECT_ID,
            outcome=outcome,
            reason=reason,
        )
    assert measure(NOW).refused == {"no_email": 2}


def test_who_signed_in_after_a_refusal_is_refused_no_more(
    link: Callable[..., CorbadoAccount],
) -> None:
    MigrationAttempt.objects.create(
        user=link(1).user,
        project_id=settings.CORBADO_PROJECT_ID,
        outcome="refused",
        reason="corbado_user_unconfirmed",
    )
    assert measure(NOW).refused == {}


def refuse(user: Any, reason: str, **fields: Any) -> MigrationAttempt:
    """Record that the migration has refused a user."""
    fields.setdefault("project_id", settings.CORBADO_PROJECT_ID)
    return MigrationAttempt.objects.create(user=user, outcome="refused", reason=reason, **fields)


def test_new_sign_ups_are_told_from_users_who_were_there(
    client: Client, corbado: Corbado, make_user: Callable[..., Any]
) -> None:
    make_user("old@example.com")
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Trusting"]):
        corbado.sign_in(client, corbado.add_user("old@example.com"))
        corbado.sign_in(Client(), corbado.add_user("new@example.com"))
    adoption = measure()
    assert (adoption.users, adoption.signed_in, adoption.new_users) == (2, 2, 1)
    week = adoption.weeks[-1]
    assert (week.first_sign_ins, week.new_users, week.total, week.total_new) == (2, 1, 2, 1)


def test_who_is_moved_to_the_user_they_had_is_not_new(
    link: Callable[..., CorbadoAccount], make_user: Callable[..., Any]
) -> None:
    account = link(1, first_sign_in_at=NOW, is_new_user=True)
    CorbadoAccount.objects.relink(account, make_user("first@example.com"))
    assert measure(NOW).new_users == 0


def test_at_connect_who_has_just_joined_is_new(make_user: Callable[..., Any]) -> None:
    new, old = make_user("new@example.com"), make_user("old@example.com")
    if not hasattr(old, "date_joined"):
        return
    old.date_joined -= timedelta(days=2)
    old.save()
    accounts = [ConnectAccount.objects.get_or_link(user) for user in (new, old)]
    assert [account.is_new_user for account in accounts] == [True, False]


def test_who_has_rows_of_both_products_counts_once(
    link: Callable[..., CorbadoAccount],
) -> None:
    user = link(1).user
    connect = ConnectAccount.objects.get_or_link(user)
    ConnectAccount.objects.filter(pk=connect.pk).update(first_sign_in_at=NOW)
    with override_settings(CORBADO_CONNECT="both"):
        adoption = measure(NOW)
    assert (adoption.users, adoption.moved, adoption.signed_in) == (1, 1, 1)


def test_weeks_begin_on_monday_and_add_up(link: Callable[..., CorbadoAccount]) -> None:
    link(1, first_sign_in_at=NOW - timedelta(weeks=40))
    link(2, first_sign_in_at=timezone.make_aware(datetime(2026, 3, 15, 23, 59)))
    link(3, first_sign_in_at=timezone.make_aware(datetime(2026, 3, 16)))
    link(4, first_sign_in_at=NOW)
    weeks = measure(NOW).weeks
    assert len(weeks) == 12
    assert [week.monday for week in weeks[-2:]] == [date(2026, 3, 9), date(2026, 3, 16)]
    assert [week.first_sign_ins for week in weeks[-2:]] == [1, 2]
    assert [week.total for week in weeks[-3:]] == [1, 2, 4]


def test_the_numbers_take_four_queries(
    link: Callable[..., CorbadoAccount], django_assert_num_queries: Any
) -> None:
    link(1, first_sign_in_at=NOW)
    with django_assert_num_queries(4):
        measure(NOW)


def status(*arguments: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("corbado_migration_status", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_counts_reasons_and_bars(
    make_user: Callable[..., Any], link: Callable[..., CorbadoAccount]
) -> None:
    link(1, first_sign_in_at=timezone.now())
    MigrationAttempt.objects.create(
        user=make_user("shared@example.com"),
        project_id=settings.CORBADO_PROJECT_ID,
        outcome="refused",
        reason="duplicate_email",
    )
    printed = status()
    assert "Have signed in with it                     1    50.0%" in printed
    assert "  duplicate_email                          1" in printed
    assert printed.rstrip().endswith("#" * 15 + "." * 15 + " 50.0%")


def test_the_command_prints_json(link: Callable[..., CorbadoAccount]) -> None:
    link(1)
    numbers = json.loads(status("--json"))
    assert (numbers["users"], numbers["moved"], len(numbers["weeks"])) == (1, 1, 12)


class TestPasswordUse:
    """``last_password_at``: at most one write a day."""

    @staticmethod
    def sign_in(client: Client, account: CorbadoAccount) -> Any:
        """Sign in with the password; return what the row says then."""
        name = account.user.get_username()
        assert client.login(username=name, password="an old password")
        account.refresh_from_db()
        return account.last_password_at

    def test_a_password_sign_in_is_noted(
        self, client: Client, link: Callable[..., CorbadoAccount]
    ) -> None:
        assert self.sign_in(client, link(1)) is not None

    def test_a_second_one_on_the_same_day_is_not(
        self, client: Client, link: Callable[..., CorbadoAccount]
    ) -> None:
        account = link(1, last_password_at=timezone.now() - timedelta(hours=23))
        assert self.sign_in(client, account) < timezone.now() - timedelta(hours=22)

    def test_one_on_the_next_day_is(
        self, client: Client, link: Callable[..., CorbadoAccount]
    ) -> None:
        account = link(1, last_password_at=timezone.now() - timedelta(hours=25))
        assert self.sign_in(client, account) > timezone.now() - timedelta(hours=1)

    def test_a_sign_in_through_corbado_is_none(self, corbado: Any, client: Client) -> None:
        corbado.sign_in(client, corbado.add_user("erin@example.com"))
        assert CorbadoAccount.objects.get().last_password_at is None


class TestAdminPage:
    """The same numbers in the admin, for staff who may see accounts."""

    URL = "/admin/corbado_auth/corbadoaccount/adoption/"

    def test_staff_with_permission_see_numbers_chart_and_table(
        self, admin_client: Client, link: Callable[..., CorbadoAccount]
    ) -> None:
        link(1, first_sign_in_at=timezone.now())
        page = admin_client.get(self.URL).content.decode()
        # The admin is the other one of two users.
        assert "<td>1</td><td>50.0%</td>" in page
        assert page.count('class="adoption-chart"') == 12

    def test_the_chart_ends_at_a_round_number_above_its_values(
        self, admin_client: Client, link: Callable[..., CorbadoAccount]
    ) -> None:
        for number in range(12):
            link(number, first_sign_in_at=timezone.now(), is_new_user=number < 3)
        page = admin_client.get(self.URL).content.decode()
        assert "<span>0</span><span>15</span>" in page
        # Nine users from before and three new ones, of fifteen.
        assert '<rect class="adoption-existing" width="60.00%"' in page
        assert '<rect class="adoption-new" x="60.00%" width="20.00%"' in page

    def test_no_locale_puts_a_comma_into_the_chart(
        self, admin_client: Client, link: Callable[..., CorbadoAccount]
    ) -> None:
        link(1, first_sign_in_at=timezone.now())
        page = admin_client.get(self.URL, headers={"Accept-Language": "de"}).content.decode()
        assert 'width="10.00%"' in page

    def test_refused_people_are_a_link_away_with_the_meaning_of_the_reason(
        self, admin_client: Client, make_user: Callable[..., Any]
    ) -> None:
        refuse(make_user("one@example.com"), "duplicate_email")
        refuse(make_user("two@example.com"), "no_email")
        page = admin_client.get(self.URL).content.decode()
        assert "shares the address with another local user" in page
        (url,) = re.findall(r'href="([^"]*reason=no_email)"', page)
        listed = admin_client.get(url.replace("&amp;", "&")).content.decode()
        assert "two@example.com" in listed
        assert "has no address" in listed
        assert "one@example.com" not in listed

    def test_the_list_leaves_out_who_has_an_account_by_now_and_other_projects(
        self,
        admin_client: Client,
        link: Callable[..., CorbadoAccount],
        make_user: Callable[..., Any],
    ) -> None:
        refuse(link(1).user, "no_email")
        refuse(make_user("other@example.com"), "no_email", project_id="pro-2")
        refuse(make_user("still@example.com"), "no_email")
        url = "/admin/corbado_auth/migrationattempt/"
        without = admin_client.get(url, {"account": "no"}).content.decode()
        assert "still@example.com" in without
        assert "user1@example.com" not in without
        assert "other@example.com" not in admin_client.get(url).content.decode()
        having = admin_client.get(url, {"account": "yes"}).content.decode()
        assert "user1@example.com" in having
        assert "still@example.com" not in having

    def test_the_list_can_be_searched_and_not_changed(
        self, admin_client: Client, make_user: Callable[..., Any]
    ) -> None:
        attempt = refuse(make_user("one@example.com"), "no_email")
        refuse(make_user("two@example.com"), "no_email")
        url = "/admin/corbado_auth/migrationattempt/"
        found = admin_client.get(url, {"q": "two@"}).content.decode()
        assert "two@example.com" in found
        assert "one@example.com" not in found
        assert admin_client.get(f"{url}add/").status_code == 403
        assert admin_client.post(f"{url}{attempt.pk}/delete/", {"post": "yes"}).status_code == 403
        assert admin_client.post(f"{url}{attempt.pk}/change/", {"reason": "x"}).status_code == 403

    def test_the_list_names_the_outcome_in_the_visitors_language(
        self, admin_client: Client, make_user: Callable[..., Any]
    ) -> None:
        refuse(make_user("one@example.com"), "no_email")
        url = "/admin/corbado_auth/migrationattempt/"
        page = admin_client.get(url, headers={"accept-language": "de"}).content.decode()
        assert '<td class="field-outcome">Abgewiesen</td>' in page

    def test_the_attempts_of_a_user_do_not_keep_them_from_being_deleted(
        self, admin_client: Client, make_user: Callable[..., Any]
    ) -> None:
        user = make_user("one@example.com")
        refuse(user, "no_email")
        meta = user._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_delete", args=[user.pk])
        assert admin_client.post(url, {"post": "yes"}).status_code == 302
        assert not MigrationAttempt.objects.exists()

    def test_without_the_permission_there_is_no_link_to_it(
        self, client: Client, make_user: Callable[..., Any]
    ) -> None:
        from django.contrib.auth.models import Permission

        refuse(make_user("one@example.com"), "no_email")
        clerk = make_user("clerk@example.com", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="view_corbadoaccount"))
        client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(self.URL).content.decode()
        assert "has no address" in page
        assert "migrationattempt" not in page

    def test_the_list_of_accounts_links_to_it(self, admin_client: Client) -> None:
        page = admin_client.get("/admin/corbado_auth/corbadoaccount/")
        assert f'href="{self.URL}"' in page.content.decode()

    def test_staff_without_permission_do_not(
        self, client: Client, make_user: Callable[..., Any]
    ) -> None:
        client.force_login(
            make_user("staff@example.com", is_staff=True),
            "django.contrib.auth.backends.ModelBackend",
        )
        assert client.get(self.URL).status_code == 403

    def test_visitors_are_sent_to_sign_in(self, client: Client) -> None:
        assert client.get(self.URL).status_code == 302


@pytest.mark.parametrize("use_tz", [True, False])
def test_the_numbers_need_no_time_zones(link: Callable[..., CorbadoAccount], use_tz: bool) -> None:
    with override_settings(USE_TZ=use_tz):
        link(1, first_sign_in_at=timezone.now())
        numbers = json.loads(status("--json"))
    assert numbers["weeks"][-1]["total"] == 1
