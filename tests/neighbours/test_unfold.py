"""django-unfold: its login page has our component, and staff sign in there."""

from __future__ import annotations

from tests.neighbours.test_grappelli import AdminCases


class TestUnfold(AdminCases):
    """The tests for every theme."""

    its_own = "unfold/css/styles.css"
