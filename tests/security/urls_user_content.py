"""The test site with what its users write, and with a login page that takes passwords too."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils.decorators import method_decorator

from corbado_auth.decorators import login_page
from tests.urls import urlpatterns as of_the_test_site

# Name -> HTML and headers; a test puts them here.
POSTS: dict[str, tuple[str, dict[str, str]]] = {}
FORM = """<!doctype html><title>Members</title><form method="post">{% csrf_token %}
{{ form }}<input type="hidden" name="next" value="{{ next }}"><button>Sign in</button></form>"""


@login_not_required
def post(request: HttpRequest, name: str) -> HttpResponse:
    """Show what a user wrote."""
    html, headers = POSTS[name]
    return HttpResponse(f"<!doctype html><title>A post</title>{html}", headers=headers)


@method_decorator(login_page, name="dispatch")
class MembersView(LoginView):
    """The login page that the site always had."""

    def render_to_response(self, context: dict[str, Any], **_response_kwargs: Any) -> HttpResponse:
        page = engines["django"].from_string(FORM)
        return HttpResponse(page.render(context, self.request))


urlpatterns = [
    path("posts/<name>/", post),
    path("members/", MembersView.as_view()),
    *of_the_test_site,
]
