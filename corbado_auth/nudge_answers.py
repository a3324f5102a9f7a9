"""What a person answers to the offer of a passkey: yes, not now, never."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from . import intent, nudge
from .models import PasskeyNudge
from .sign_in import SeeOther

__all__ = ["AnswerNudgeView"]


# A visitor, whose session ran out meanwhile, goes back to the page and is asked to sign in there.
@method_decorator([login_not_required, never_cache, csrf_protect], name="dispatch")
class AnswerNudgeView(View):
    """Remember the answer to ``{% corbado_passkey_nudge %}``, and go on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Go on to adding a passkey, or back to the page with the offer."""
        said = request.POST.get("answer", "")
        if said not in PasskeyNudge.Answer.values:
            known = ", ".join(PasskeyNudge.Answer.values)
            return HttpResponseBadRequest(
                gettext("The answer has to be one of: %(known)s.") % {"known": known},
                content_type="text/plain; charset=utf-8",
            )
        if not request.user.is_authenticated:
            return SeeOther(self.page(request))
        nudge.answer(request, PasskeyNudge.Answer(said))
        if said == PasskeyNudge.Answer.ADD:
            # Asked for with POST, too: the browser sends the form on, its CSRF token included.
            return HttpResponseRedirect(reverse("corbado_auth:add-passkey"), preserve_request=True)
        return SeeOther(self.page(request))

    def page(self, request: HttpRequest) -> str:
        """Return the page with the offer, or the one after a sign-in."""
        wanted = intent.safe_next(request, request.POST.get("next", ""))
        return wanted or resolve_url(settings.LOGIN_REDIRECT_URL)
