from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from corbado_auth.models import ConnectAccount, CorbadoAccount
from example_project.workshop.models import Booking, Course, CourseDate
from example_project.workshop.people import CUSTOMER, DEMO_PASSWORD, KEEPER

from .conftest import BY_CORBADO

pytestmark = pytest.mark.django_db


@pytest.fixture
def free_date(maya: User) -> CourseDate:
    return CourseDate.objects.create(
        course=Course.objects.get(slug="first-turns"),
        starts_at=timezone.now() + timedelta(days=3),
        places=1,
    )


def book(client: Client, course_date: CourseDate) -> str:
    response = client.post(reverse("book", args=[course_date.pk]), follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_system_checks_have_nothing_to_say() -> None:
    call_command("check", fail_level="WARNING")


def test_front_page_shows_every_course_to_everybody(client: Client) -> None:
    page = client.get("/").content.decode()
    for course in Course.objects.all():
        assert course.title in page


@pytest.mark.parametrize("name", ["my-bookings", "account"])
def test_pages_of_a_person_send_others_to_the_sites_own_login_page(
    client: Client, name: str
) -> None:
    response = client.get(reverse(name))
    assert response.headers["Location"] == f"/login/?next={reverse(name)}"


def test_login_page_has_both_ways_in(client: Client) -> None:
    page = client.get("/login/").content.decode()
    assert "<corbado-auth" in page
    assert 'name="password"' in page


def test_login_page_remembers_that_this_browser_asked(client: Client) -> None:
    response = client.get("/login/?next=/account/")
    assert any("intent" in name for name in response.cookies)


def test_password_signs_in_and_goes_where_the_person_wanted(client: Client) -> None:
    form = {"username": CUSTOMER.username, "password": DEMO_PASSWORD, "next": "/account/"}
    page = client.post("/login/", form, follow=True).content.decode()
    assert "django.contrib.auth.backends.ModelBackend" in page
    assert "Not linked yet" in page


def test_after_a_password_a_passkey_is_offered(client: Client) -> None:
    form = {"username": CUSTOMER.username, "password": DEMO_PASSWORD}
    page = client.post("/login/", form, follow=True).content.decode()
    assert "No password next time?" in page


def test_wrong_password_gets_a_sentence(client: Client) -> None:
    response = client.post("/login/", {"username": CUSTOMER.username, "password": "wrong"})
    assert response.status_code == 200
    assert "Please enter a correct username and password" in response.content.decode()


def test_account_page_asks_nobody_to_link_who_comes_by_connect(client: Client, maya: User) -> None:
    known = ConnectAccount.objects.create(user=maya, project_id="pro-1", handle="h-1")
    client.force_login(maya, backend=BY_CORBADO)
    assert "Not linked yet" in client.get("/account/").content.decode()
    ConnectAccount.objects.filter(pk=known.pk).update(last_sign_in_at=timezone.now())
    page = client.get("/account/").content.decode()
    assert "Not linked yet" not in page
    assert "you sign in with Corbado Connect" in page


def test_account_page_shows_the_corbado_account(client: Client, maya: User) -> None:
    CorbadoAccount.objects.create(
        user=maya, project_id="pro-1", corbado_user_id="usr-77", email=maya.email
    )
    client.force_login(maya, backend=BY_CORBADO)
    page = client.get("/account/").content.decode()
    assert "usr-77" in page
    assert BY_CORBADO in page


@pytest.mark.parametrize("name", ["login", "redirect"])
def test_the_packages_pages_wear_the_sites_header(client: Client, name: str) -> None:
    page = client.get(reverse(f"corbado_auth:{name}")).content.decode()
    assert "Pottery by the harbour" in page


def test_corbado_may_ask_whether_the_site_knows_a_customer(client: Client) -> None:
    question = {"projectID": "pro-1", "action": "authMethods", "data": {"username": CUSTOMER.email}}
    response = client.post(
        reverse("corbado_auth:action-webhook"),
        question,
        content_type="application/json",
        headers={
            "Authorization": f"Basic {b64encode(b'corbado:demo-only').decode()}",
            "X-Corbado-Action": "authMethods",
        },
    )
    assert response.json()["data"] == {"status": "exists"}


def test_signing_out_ends_the_session(signed_in: Client) -> None:
    signed_in.post(reverse("corbado_auth:logout"))
    assert signed_in.get("/account/").status_code == 302


def test_a_booking_is_on_the_list(signed_in: Client, free_date: CourseDate) -> None:
    assert "Your place is booked" in book(signed_in, free_date)


def test_the_last_place_is_given_once(
    signed_in: Client, free_date: CourseDate, django_user_model: type[User]
) -> None:
    other = django_user_model.objects.get(username="quiet.one")
    Booking.objects.create(user=other, course_date=free_date)
    assert "The last place has just gone" in book(signed_in, free_date)
    assert free_date.bookings.count() == 1


def test_booking_twice_takes_one_place(signed_in: Client, free_date: CourseDate) -> None:
    book(signed_in, free_date)
    assert "You have a place on this date already" in book(signed_in, free_date)
    assert free_date.bookings.count() == 1


def test_a_past_date_cannot_be_booked(signed_in: Client, free_date: CourseDate) -> None:
    CourseDate.objects.filter(pk=free_date.pk).update(starts_at=timezone.now())
    assert "This date has passed" in book(signed_in, free_date)


def test_a_cancelled_place_can_be_booked_again(
    signed_in: Client, maya: User, free_date: CourseDate
) -> None:
    book(signed_in, free_date)
    booking = maya.bookings.get(course_date=free_date)
    signed_in.post(reverse("cancel", args=[booking.pk]))
    assert free_date.places_left == 1
    assert "Your place is booked" in book(signed_in, free_date)


def test_a_course_that_has_begun_cannot_be_cancelled(
    signed_in: Client, maya: User, free_date: CourseDate
) -> None:
    book(signed_in, free_date)
    CourseDate.objects.filter(pk=free_date.pk).update(starts_at=timezone.now())
    booking = maya.bookings.get(course_date=free_date)
    page = signed_in.post(reverse("cancel", args=[booking.pk]), follow=True).content.decode()
    assert "cannot be cancelled any more" in page
    assert not free_date.places_left


def test_nobody_cancels_the_booking_of_somebody_else(signed_in: Client, maya: User) -> None:
    booking = Booking.objects.exclude(user=maya).first()
    assert booking is not None
    assert signed_in.post(reverse("cancel", args=[booking.pk])).status_code == 404


def test_a_guest_comes_back_to_the_date_after_signing_in(
    client: Client, free_date: CourseDate
) -> None:
    page = reverse("book", args=[free_date.pk])
    assert client.get(page).headers["Location"] == f"/login/?next={page}"


def test_admin_lists_dates_with_the_places_left(client: Client) -> None:
    keeper = User.objects.get(username=KEEPER.username)
    client.force_login(keeper, backend="django.contrib.auth.backends.ModelBackend")
    response = client.get(reverse("admin:workshop_coursedate_changelist"))
    assert "Places left" in response.content.decode()
