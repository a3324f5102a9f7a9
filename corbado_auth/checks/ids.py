"""The id of every message, so that a site can silence one and the reference can list them."""

from __future__ import annotations

PROJECT_ID_MISSING = "corbado_auth.E001"
PROJECT_ID_ODD = "corbado_auth.E002"
API_SECRET_MISSING = "corbado_auth.E003"  # noqa: S105
API_URL_MALFORMED = "corbado_auth.E004"
TIMEOUT_MALFORMED = "corbado_auth.E005"
LIMIT_MALFORMED = "corbado_auth.E006"
PROXIES_MALFORMED = "corbado_auth.E007"
WEBHOOK_SECRETS_MALFORMED = "corbado_auth.E008"
APP_MISSING = "corbado_auth.E009"
MIDDLEWARE_MISSING = "corbado_auth.E010"
URLS_MISSING = "corbado_auth.E011"
BACKEND_BROKEN = "corbado_auth.E012"
BACKEND_MISSING = "corbado_auth.E013"
SESSIONS_IN_COOKIES = "corbado_auth.E014"
SETTING_RENAMED = "corbado_auth.E015"
PASSWORD_BACKENDS_MALFORMED = "corbado_auth.E016"  # noqa: S105
IMPERSONATION_BROKEN = "corbado_auth.E021"
CONNECT_MALFORMED = "corbado_auth.E022"

API_SECRET_ODD = "corbado_auth.W001"  # noqa: S105
WEBHOOK_SECRETS_EMPTY = "corbado_auth.W002"
SESSIONS_IN_CACHE = "corbado_auth.W003"
LOGIN_URL_ELSEWHERE = "corbado_auth.W004"
CSRF_COOKIE_TRAVELS = "corbado_auth.W005"
EMAILS_UNANSWERED = "corbado_auth.W006"
EMULATOR_IN_PRODUCTION = "corbado_auth.W007"
NOT_ENCRYPTED = "corbado_auth.W008"
AXES_LOCKS_BY_ADDRESS = "corbado_auth.W009"
EMAIL_INDEX_MISSING = "corbado_auth.W010"
PROXY_UNNAMED = "corbado_auth.W011"
CONNECT_SESSION_COOKIE_TRAVELS = "corbado_auth.W021"
CONNECT_CSRF_UNREADABLE = "corbado_auth.W022"
CONNECT_EMAIL_IDENTIFIER = "corbado_auth.W023"
TOKENS_RECORDED = "corbado_auth.W030"
SECRETS_RECORDED = "corbado_auth.W031"
