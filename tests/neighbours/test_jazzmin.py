"""django-jazzmin: its login page has our component, and staff sign in there."""

from __future__ import annotations

from tests.neighbours.test_grappelli import AdminCases


class TestJazzmin(AdminCases):
    """The tests for every theme."""

    its_own = "jazzmin/css/main.css"
