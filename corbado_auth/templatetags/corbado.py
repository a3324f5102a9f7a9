"""Template tags (``{% load corbado %}``) for Corbado's components on pages of the site."""

from __future__ import annotations

import logging
from functools import wraps
from typing import Any

from django import template
from django.conf import settings
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context, Node
from django.template.base import Parser, Token
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from corbado_auth.conf import conf
from corbado_auth.connect.tokens import ConnectTokensView
from corbado_auth.connect.visits import new_visit
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.csp import nonce_for
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError
from corbado_auth.local_users import display_name
from corbado_auth.next_url import login_page_url, next_in_url, with_next
from corbado_auth.passkeys.association import passkeys_of
from corbado_auth.passkeys.nudge import CONNECT, is_offered
from corbado_auth.session import SignIn, last_sign_in
from corbado_auth.step_up.asking import sign_in_again_url
from corbado_auth.switch import is_enabled

__all__ = ["register"]

register = template.Library()

# The element's attributes (API notes 4.7); any others would end up inside its shadow root.
ATTRIBUTES = {
    "company_image_url",
    "conditional",
    "disable_input_animation",
    "login_btn",
    "login_title",
    "mode",
    "page",
    "passkey_append_text",
    "register_btn",
    "register_title",
    "sub_title",
    "user_full_name",
    "username",
}
_warned: set[str] = set()


@register.inclusion_tag("corbado_auth/component.html", takes_context=True)
def corbado_auth(context: Context, **attributes: Any) -> dict[str, Any]:
    """Render ``<corbado-auth>`` and its script, on a page decorated with ``login_page``.

    Keyword arguments become attributes of the element, such as ``conditional="yes"`` (offers
    passkeys while the person types), ``page="register"``, ``username=…``. Works with a
    Content-Security-Policy nonce: Django's ``csp_nonce`` or django-csp's.
    """
    unknown = sorted(set(attributes) - ATTRIBUTES)
    if unknown:
        raise template.TemplateSyntaxError(
            f"corbado_auth does not accept {', '.join(unknown)}. It accepts: "
            f"{', '.join(sorted(ATTRIBUTES))}."
        )
    request: HttpRequest | None = context.get("request")
    if not is_enabled(request):
        return {}
    return {
        "is_on": True,
        "project_id": conf.CORBADO_PROJECT_ID,
        "endpoint": conf.CORBADO_FRONTEND_API_URL,
        "attributes": format_html_join(
            "", ' {}="{}"', ((name.replace("_", "-"), value) for name, value in attributes.items())
        ),
        "is_conditional": attributes.get("conditional") == "yes",
        "nonce": nonce_for(context, request),
        "is_undecorated": not _is_login_page(request) and settings.DEBUG,
        "other_login_url": _other_login_url(request),
    }


@register.inclusion_tag("corbado_auth/passkey_associate.html", takes_context=True)
def corbado_passkey_associate(context: Context, token: str, done_url: str = "") -> dict[str, Any]:
    """Render ``<corbado-passkey-associate>`` for an association token of the signed-in user.

    After that the browser goes to ``done_url``; default is the list of passkeys.
    """
    if not is_enabled(context.get("request")):
        return {}
    return {
        "is_on": True,
        "project_id": conf.CORBADO_PROJECT_ID,
        "endpoint": conf.CORBADO_FRONTEND_API_URL,
        "token": token,
        "done_url": done_url or f"{reverse('corbado_auth:passkeys')}?added=yes",
        "nonce": nonce_for(context, context.get("request")),
    }


@register.inclusion_tag("corbado_auth/passkey_list.html", takes_context=True)
def corbado_passkey_list(context: Context) -> dict[str, Any]:
    """Render the passkeys of the signed-in user, with a link to remove each.

    Calls Corbado while the page is rendered, and shows a note if Corbado does not answer. Renders
    nothing for anonymous visitors.
    """
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not is_enabled(request):
        return {"passkeys": None}
    # Where the pages that rename and remove a passkey lead back to.
    page = request.get_full_path() if request is not None and request.method == "GET" else ""
    try:
        passkeys = passkeys_of(context["request"], user)
        return {"passkeys": passkeys, "is_shown": True, "next": page}
    except CorbadoError as error:
        log_failure("Passkeys", error)
        return {"passkeys": None, "is_unavailable": True}


@register.simple_tag(takes_context=True)
def corbado_sign_in(context: Context) -> SignIn | None:
    """Return when (``at``) and how (``method``) the person signed in, in this session, or None.

    ``{% corbado_sign_in as sign_in %}`` assigns it to a variable. None for anonymous visitors, and
    while impersonating.
    """
    request: HttpRequest | None = context.get("request")
    return last_sign_in(request) if request is not None else None


@register.inclusion_tag("corbado_auth/passkey_nudge.html", takes_context=True)
def corbado_passkey_nudge(context: Context) -> dict[str, Any]:
    """Offer a passkey to a person who signed in with a password and never through Corbado.

    At most every ``days_between_nudges`` days (set on the backend), and never again after "never".
    Renders nothing for anyone else; takes one query until the offer is answered, none otherwise.
    """
    request: HttpRequest | None = context.get("request")
    if request is None or not is_offered(request):
        return {}
    # A response to a form cannot be requested again.
    page = request.get_full_path() if request.method == "GET" else ""
    return {"is_offered": True, "page": page, "nonce": nonce_for(context, request)}


@register.inclusion_tag("corbado_auth/connect_login.html", takes_context=True)
def corbado_connect_login(
    context: Context, password_form: str = "", signup_url: str = "", confirm: bool = False
) -> dict[str, Any]:
    """Render Corbado Connect's login on the site's own login page, above its password form.

    Whatever goes wrong leads to the page's form with a password field; ``password_form`` is its CSS
    selector if there are several. Afterwards the page goes to ``next`` from its query.
    ``signup_url`` is the target of the component's link for new people; without it there is no
    link. With ``confirm``, only a passkey of the person who is already signed in is accepted.
    """
    request: HttpRequest | None = context.get("request")
    if request is None or not conf.CORBADO_CONNECT or not is_enabled(request):
        return {}
    return _connect(
        context,
        request,
        password_form=password_form,
        verify_url=reverse("corbado_auth:connect-login"),
        next=next_in_url(request),
        signup_url=signup_url,
        visit=new_visit(),
        confirm="yes" if confirm else "",
    )


@register.inclusion_tag("corbado_auth/connect_append.html", takes_context=True)
def corbado_connect_append(context: Context) -> dict[str, Any]:
    """Offer a passkey of Corbado Connect to a person who has just signed in with a password.

    At most every ``days_between_nudges`` days (set on the backend), and not to people who have one
    or said "never". Renders nothing for anyone else; takes one query until the offer is answered,
    none otherwise. If the component has something to offer, it takes one connect token.
    """
    request: HttpRequest | None = context.get("request")
    if request is None or not conf.CORBADO_CONNECT or not is_offered(request, CONNECT):
        return {}
    if not ConnectTokensView._may_append(request):
        return {}
    return _connect(context, request)


@register.inclusion_tag("corbado_auth/connect_list.html", takes_context=True)
def corbado_connect_passkeys(context: Context) -> dict[str, Any]:
    """Render the signed-in user's passkeys at Corbado Connect, to list, add and remove.

    Renders nothing for anonymous visitors. Takes one query and one connect token, and another token
    for each change.
    """
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    if request is None or not conf.CORBADO_CONNECT or user is None or not user.is_authenticated:
        return {}
    if not is_enabled(request):
        return {}
    return _connect(context, request, login_url=sign_in_again_url(request, request.get_full_path()))


def _connect(
    context: Context, request: HttpRequest, *, password_form: str = "", **more: str
) -> dict[str, Any]:
    """Return what the script needs to know about the site, as data attributes, and the nonce."""
    # The script reads the latest one if it can: a sign-in in another tab changes it.
    can_read = not (settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY)
    options = {
        "project_id": conf.CORBADO_CONNECT_PROJECT_ID,
        "custom_domain": conf.CORBADO_CONNECT_CUSTOM_DOMAIN,
        "frontend_api_url_suffix": conf.CORBADO_FRONTEND_API_SUFFIX,
        "script_url": conf.CORBADO_CONNECT_SCRIPT_URL,
        "style_url": conf.CORBADO_CONNECT_STYLE_URL,
        "tokens_url": reverse("corbado_auth:connect-tokens"),
        "problems_url": reverse("corbado_auth:connect-problems"),
        "csrf_header": _header_name(settings.CSRF_HEADER_NAME),
        "csrf_cookie": settings.CSRF_COOKIE_NAME if can_read else "",
        "csrf_token": get_token(request),
        **more,
    }
    return {
        "is_on": True,
        "options": format_html_join(
            "",
            ' data-{}="{}"',
            ((name.replace("_", "-"), value) for name, value in options.items() if value),
        ),
        "password_form": password_form,
        "nonce": nonce_for(context, request),
    }


def _header_name(meta_key: str) -> str:
    """Return the HTTP name of a header, from its name in ``request.META``."""
    return meta_key.removeprefix("HTTP_").replace("_", "-")


@register.simple_tag(takes_context=True)
def corbado_is_enabled(context: Context) -> bool:
    """Return whether this visitor can sign in through Corbado (the switch, and the pilot).

    ``{% corbado_is_enabled as enabled %}`` assigns it to a variable, to show text around a tag.
    """
    return is_enabled(context.get("request"))


@register.simple_block_tag(takes_context=True)
def corbado_element(
    context: Context,
    content: SafeString,
    element: str,
    *,
    kind: str = "",
    href: str | None = None,
    **attributes: Any,
) -> SafeString:
    """Render a button, note or card of the package's pages, which a site may override.

    ``{% corbado_element "button" kind="quiet" %}Sign out{% endcorbado_element %}`` is drawn by
    ``corbado_auth/elements/button.html``, which gets ``content``, ``kind``, ``href`` (if the button
    is a link) and ``attributes``: all other arguments, ready for the HTML, such as
    ``aria_label=…``.
    """
    engine = context.template.engine  # type: ignore[union-attr]  # None only outside of templates.
    drawn = engine.get_template(f"corbado_auth/elements/{element}.html")
    html_names = {name.replace("_", "-"): value for name, value in attributes.items()}
    values = {"content": content, "kind": kind, "href": href, "attributes": flatatt(html_names)}
    return drawn.render(context.new(values))


_compile_without_blocks = register.tags["corbado_element"]


@wraps(_compile_without_blocks)
def _compile_element(parser: Parser, token: Token) -> Node:
    """Let templates that extend a page find the blocks inside of an element.

    Django looks for none in the node of a ``simple_block_tag``: ``{{ block.super }}`` is empty.
    """
    node: Node = _compile_without_blocks(parser, token)
    node.child_nodelists = ("nodelist",)
    return node


register.tag("corbado_element", _compile_element)


@register.filter
def corbado_display_name(user: Any) -> str:
    """Return the name for a user on the package's pages: address, full name or user name."""
    return display_name(user)


@register.simple_tag(takes_context=True)
def corbado_nonce(context: Context) -> str:
    """Return the page's Content-Security-Policy nonce, or an empty string."""
    return nonce_for(context, context.get("request"))


def _is_login_page(request: HttpRequest | None) -> bool:
    """Return whether the page sets the intent; if not, log that once per page.

    Without it every sign-in from this page goes through the confirm page.
    """
    if getattr(request, "corbado_login_page", False):
        return True
    where = iri_to_uri(request.path) if request is not None else "a template without a request"
    if where not in _warned and len(_warned) < 100:
        _warned.add(where)
        log_event(
            logging.WARNING,
            "{%% corbado_auth %%} on %s: decorate its view with "
            "corbado_auth.decorators.login_page, or every sign-in from there asks for one more "
            "click.",
            where,
            event="login_page_undecorated",
        )
    return False


def _other_login_url(request: HttpRequest | None) -> str:
    """Return the site's own login page if this is another one: the way in without JavaScript."""
    url = login_page_url()
    if request is None or url == request.path:
        return ""
    return with_next(url, next_in_url(request))
