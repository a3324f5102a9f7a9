from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .models import Booking, Course, CourseDate, CourseDateQuerySet

admin.site.site_header = _("Slow Wheel, behind the counter")
admin.site.site_title = "Slow Wheel"


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ["title", "taught_by", "level", "hours", "price"]
    list_filter = ["level"]
    search_fields = ["title", "taught_by"]
    prepopulated_fields = {"slug": ["title"]}


class BookingInline(admin.TabularInline):
    model = Booking
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(CourseDate)
class CourseDateAdmin(admin.ModelAdmin):
    list_display = ["course", "starts_at", "places", "places_left"]
    list_filter = ["course"]
    list_select_related = ["course"]
    date_hierarchy = "starts_at"
    search_fields = ["course__title"]
    inlines = [BookingInline]

    @admin.display(description=_("places left"))
    def places_left(self, course_date: CourseDate) -> int:
        return course_date.places_left

    def get_queryset(self, request: HttpRequest) -> CourseDateQuerySet:
        return CourseDate.objects.with_places_taken()


@admin.register(Booking)
class BookingAdmin(admin.ModelAdmin):
    list_display = ["user", "course_date", "booked_at", "cancelled_at"]
    list_filter = ["course_date__course"]
    list_select_related = ["user", "course_date__course"]
    search_fields = ["user__username", "user__email"]
    autocomplete_fields = ["user", "course_date"]
