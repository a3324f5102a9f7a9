from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView as PasswordLoginView
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.generic import DetailView, ListView, TemplateView, View

from corbado_auth.backends import CorbadoBackend
from corbado_auth.decorators import login_page
from corbado_auth.models import ConnectAccount, CorbadoAccount

from .forms import PasswordForm
from .models import Booking, Course, CourseDate


def bookings_of(request: HttpRequest) -> QuerySet[Booking]:
    """Return the places that the person has now; none for a visitor."""
    if not request.user.is_authenticated:
        return Booking.objects.none()
    mine = Booking.objects.filter(user=request.user, cancelled_at__isnull=True)
    return mine.select_related("course_date__course")


class HomeView(ListView):
    queryset = Course.objects.all()
    template_name = "workshop/home.html"
    context_object_name = "courses"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        dates = CourseDate.objects.upcoming().with_places_taken().select_related("course")
        return super().get_context_data(next_dates=dates[:5], **kwargs)


class CourseView(DetailView):
    model = Course
    template_name = "workshop/course.html"
    context_object_name = "course"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        dates = self.object.dates.upcoming().with_places_taken()[:6]
        booked = set(bookings_of(self.request).values_list("course_date_id", flat=True))
        return super().get_context_data(dates=dates, booked=booked, **kwargs)


class BookView(LoginRequiredMixin, View):
    """Ask "this date?" on GET, take the place on POST.

    GET has a page because people who are not signed in come back here from the login page.
    """

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        course_date = get_object_or_404(CourseDate.objects.select_related("course"), pk=pk)
        return TemplateView.as_view(
            template_name="workshop/book.html", extra_context={"course_date": course_date}
        )(request)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            with transaction.atomic():
                course_date = get_object_or_404(CourseDate.objects.select_for_update(), pk=pk)
                booking = Booking.book(cast("User", request.user), course_date)
        except ValidationError as error:
            messages.error(request, error.message)
            return redirect(course_date.course)
        messages.success(
            request,
            _("Your place is booked: %(date)s. See you soon!") % {"date": booking.course_date},
        )
        return redirect("my-bookings")


class MyBookingsView(LoginRequiredMixin, TemplateView):
    template_name = "workshop/my_bookings.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        bookings = bookings_of(self.request)
        return super().get_context_data(
            upcoming=[booking for booking in bookings if not booking.course_date.is_over],
            past=[booking for booking in reversed(bookings) if booking.course_date.is_over],
            **kwargs,
        )


class CancelView(LoginRequiredMixin, View):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        booking = get_object_or_404(bookings_of(request), pk=pk)
        try:
            booking.cancel()
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(
                request,
                _("Cancelled: %(date)s. The place is free again.") % {"date": booking.course_date},
            )
        return redirect("my-bookings")


class AccountView(LoginRequiredMixin, TemplateView):
    """Show who is signed in, and how: the page to look at when trying the demo."""

    template_name = "workshop/account.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        session = self.request.session
        return super().get_context_data(
            backend=session[BACKEND_SESSION_KEY],
            signed_in_by_corbado=issubclass(
                import_string(session[BACKEND_SESSION_KEY]), CorbadoBackend
            ),
            corbado_account=CorbadoAccount.objects.filter(
                user=cast("User", self.request.user), project_id=settings.CORBADO_PROJECT_ID
            ).first(),
            connect_account=ConnectAccount.objects.for_user(self.request.user),
            session_row=Session.objects.filter(pk=session.session_key).first(),
            **kwargs,
        )


@method_decorator(login_page, name="dispatch")
class LoginView(PasswordLoginView):
    """The login page that the site always had; ``login_page`` and one template tag are new."""

    template_name = "workshop/login.html"
    authentication_form = PasswordForm


class ConnectLoginView(PasswordLoginView):
    """The same for Corbado Connect: one template tag is new, and nothing else."""

    template_name = "workshop/connect_login.html"
    authentication_form = PasswordForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Remember which product's passkey to offer: a site of yours has one product."""
        response = super().form_valid(form)
        self.request.session["offers_connect"] = True
        return response
