from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _


class Course(models.Model):
    """Something one can learn at the wheel or the table.

    Texts are kept in English; the catalogues in ``locale/`` know those of ``courses.py``.
    """

    class Level(models.TextChoices):
        FIRST_TIME = "first", _("No experience needed")
        SOME = "some", _("Some experience")
        EVERYONE = "all", _("For everyone")

    class Vessel(models.TextChoices):
        """The drawing beside the course."""

        BOWL = "bowl", _("Bowl")
        MUG = "mug", _("Mug")
        VASE = "vase", _("Vase")
        PLATE = "plate", _("Plate")
        TEAPOT = "teapot", _("Teapot")
        TILE = "tile", _("Tile")

    slug = models.SlugField(_("part of the address"), unique=True)
    title = models.CharField(_("title"), max_length=80)
    summary = models.CharField(_("summary"), max_length=160)
    description = models.TextField(_("description"))
    taught_by = models.CharField(_("taught by"), max_length=60)
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.EVERYONE)
    hours = models.DecimalField(_("hours"), max_digits=3, decimal_places=1)
    price = models.DecimalField(
        _("price"), max_digits=6, decimal_places=2, help_text=_("Euro, for one place.")
    )
    vessel = models.CharField(_("drawing"), max_length=8, choices=Vessel, default=Vessel.BOWL)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "title"]
        verbose_name = _("course")
        verbose_name_plural = _("courses")

    def __str__(self) -> str:
        return gettext(self.title)

    def get_absolute_url(self) -> str:
        return reverse("course", kwargs={"slug": self.slug})


class CourseDateQuerySet(models.QuerySet["CourseDate"]):
    def upcoming(self) -> CourseDateQuerySet:
        # Ordered here: Meta.ordering does not reach a query that counts.
        return self.filter(starts_at__gt=timezone.now()).order_by("starts_at")

    def with_places_taken(self) -> CourseDateQuerySet:
        confirmed = models.Q(bookings__cancelled_at__isnull=True)
        return self.annotate(places_taken=models.Count("bookings", filter=confirmed))


class CourseDate(models.Model):
    """One meeting of a course, with as many places as there are wheels."""

    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="dates", verbose_name=_("course")
    )
    starts_at = models.DateTimeField(_("starts at"))
    places = models.PositiveSmallIntegerField(_("places"), default=8)

    objects = CourseDateQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        verbose_name = _("course date")
        verbose_name_plural = _("course dates")
        constraints = [
            models.UniqueConstraint(fields=["course", "starts_at"], name="one_meeting_at_a_time"),
        ]

    def __str__(self) -> str:
        when = date_format(
            timezone.localtime(self.starts_at), pgettext("date format", "j F Y, H:i")
        )
        return f"{self.course}, {when}"

    @property
    def places_left(self) -> int:
        taken = getattr(self, "places_taken", None)
        if taken is None:
            taken = self.bookings.filter(cancelled_at__isnull=True).count()
        return max(0, self.places - taken)

    @property
    def is_over(self) -> bool:
        return self.starts_at <= timezone.now()


class Booking(models.Model):
    """One place of one person at one date."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="bookings",
        verbose_name=_("user"),
    )
    course_date = models.ForeignKey(
        CourseDate, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("course date")
    )
    booked_at = models.DateTimeField(_("booked at"), default=timezone.now)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        ordering = ["course_date__starts_at"]
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.UniqueConstraint(fields=["user", "course_date"], name="one_place_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.course_date}"

    @staticmethod
    def book(user: User, course_date: CourseDate) -> Booking:
        """Take a place, or take it again after a cancellation.

        Call it in a transaction, with the course date locked: the last place is given once.
        Raises ValidationError with a sentence for the person.
        """
        if course_date.is_over:
            raise ValidationError(_("This date has passed. Please choose another one."))
        booking = Booking.objects.filter(user=user, course_date=course_date).first()
        if booking and booking.cancelled_at is None:
            raise ValidationError(_("You have a place on this date already."))
        if course_date.places_left == 0:
            raise ValidationError(_("The last place has just gone. Please choose another date."))
        booking = booking or Booking(user=user, course_date=course_date)
        booking.booked_at, booking.cancelled_at = timezone.now(), None
        booking.save()
        return booking

    def cancel(self) -> None:
        """Give the place back. Raises ValidationError once the course has begun."""
        if self.course_date.is_over:
            raise ValidationError(_("This course has begun, so it cannot be cancelled any more."))
        self.cancelled_at = timezone.now()
        self.save(update_fields=["cancelled_at"])
