"""Problems in the browser that our script reports: they are logged, and nothing else."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpResponse, JsonResponse

from corbado_auth.client_info import rate_limit_keys
from corbado_auth.conf import own_project_id
from corbado_auth.events import log_event
from corbado_auth.json_views import Refusal
from corbado_auth.throttle import Tally

from .component_view import ComponentView

__all__ = ["ConnectProblemsView"]

PROBLEMS = {
    "script_blocked": "the component's script did not load",
    "script_slow": "the component did not load within ten seconds",
    "component_failed": "the component loaded, but did not work",
    "passkey_not_used": "a person began, and used no passkey",
}
# Anyone may report, so the log needs protection against floods.
PER_VISITOR = 5
PER_MINUTE = 60


class ConnectProblemsView(ComponentView):
    """Take ``{"problem": …}``, write one line to the log, and do nothing else.

    Beyond a limit, reports get the same answer, but are not logged.
    """

    _what = "report"

    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        problem = body.get("problem")
        if not isinstance(problem, str) or problem not in PROBLEMS:
            raise Refusal("unknown_problem", self._broken(), 400)
        if self._is_wanted(problem):
            # People change their minds every day; the rest may need fixing.
            level = logging.INFO if problem == "passkey_not_used" else logging.WARNING
            log_event(
                level,
                "Connect: %s (%s)",
                PROBLEMS[problem],
                problem,
                event="connect_problem",
                reason=problem,
            )
        return JsonResponse({})

    def _is_wanted(self, problem: str) -> bool:
        """Return whether this is within the limits, for this visitor and for all visitors."""
        visitor, kind = rate_limit_keys(self.request)[0], f"{own_project_id()} {problem}"
        return (
            Tally("connect_problem", f"{kind} {visitor}").add() <= PER_VISITOR
            and Tally("connect_problems", kind).add() <= PER_MINUTE
        )
