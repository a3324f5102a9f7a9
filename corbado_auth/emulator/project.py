"""A Corbado project: credentials, config, records and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from corbado_auth.emulator.config import EmulatorConfig, origin_of
from corbado_auth.emulator.records import Setting, Token
from corbado_auth.emulator.store import StateFile, Store
from corbado_auth.emulator.wire import TOKEN_LENGTH, random_text

AUTH_TOKEN_LIFETIME = 5 * 60  # API notes 0.3
SESSION_TOKEN_LIFETIME = 5 * 60  # INFERRED 18 from the component's timer of 4.5 minutes
ASSOCIATION_TOKEN_LIFETIME = 5 * 60  # INFERRED 11: documented nowhere
LOGIN_TOKEN_LIFETIME = 5 * 60  # INFERRED 12
KEPT_TOKENS = 1000

# What POST /v1/projectConfig can change, with the values of a new project.
CONFIG_DEFAULTS: Mapping[str, Any] = {
    "externalName": "Corbado emulator",
    "appType": "web",
    "productKey": "",
    "emailFrom": "",
    "smsFrom": "",
    "externalApplicationProtocolVersion": "v2",
    "webhookTestInvalidUsername": "",
    "webhookTestValidUsername": "",
    "webhookTestValidPassword": "",
    "externalApplicationUsername": "",
    "externalApplicationPassword": "",
    "legacyAuthMethodsUrl": "",
    "passwordVerifyUrl": "",
    "passwordResetUrl": "",
    "allowUserRegistration": True,
    "allowIPStickiness": False,
    "passkeyAppendInterval": "0d",
    "fallbackLanguage": "en",
    "autoDetectLanguage": True,
    "hasVerifiedSession": False,
    "hasGeneratedSession": False,
    "hasStartedUsingPasskeys": False,
    "hasStartedUsingSessions": False,
    "environment": "dev",
    "frontendFramework": "not_specified",
    "backendLanguage": "not_specified",
    "useCli": False,
    "doubleOptIn": False,
    "userFullNameRequired": True,
    "webComponentDebug": False,
    "smtpUseCustom": False,
    "smtpHost": "",
    "smtpPort": 0,
    "smtpUsername": "",
    "smtpPassword": "",
    "supportEmail": "",
    "signupFlow": "PasskeyWithEmailOTPFallback",
    "signupFlowOptions": {},
    "loginFlow": "PasskeyWithEmailOTPFallback",
    "loginFlowOptions": {},
    "allowStaticChallenges": False,
}


class Project:
    """A project; ``base_url`` is where it answers, known once the server is bound."""

    def __init__(
        self, config: EmulatorConfig, project_id: str, api_secret: str, state: StateFile | None
    ) -> None:
        self.id = project_id
        self.api_secret = api_secret
        # Only the Connect project: the others are there to test that projects are separate.
        is_connect = project_id == (config.connect_project_id or config.project_id)
        self.backend_api_key = config.backend_api_key if is_connect else ""
        self.base_url = ""
        self.emulator_config = config
        self.store = Store(project_id, state)

    @property
    def config(self) -> dict[str, Any]:
        """Return the project config: from the emulator's configuration, then what was saved."""
        given = self.emulator_config
        username, _, password = given.webhook_credentials.partition(":")
        return {
            **CONFIG_DEFAULTS,
            "applicationUrl": given.application_url,
            "authSuccessRedirectUrl": given.redirect_url,
            "webauthnRPID": given.relying_party_id,
            "webhookURL": given.webhook_url,
            "webhookUsername": username,
            "webhookPassword": password,
            "webhookActions": ["authMethods", "passwordVerify"] if given.webhook_url else [],
            "hasExistingUsers": bool(given.webhook_url),
            "doubleOptIn": given.double_opt_in,
            **(self.store.setting("projectConfig") or {}),
        }

    def save_config(self, values: Mapping[str, Any]) -> None:
        """Change part of the project config."""
        with self.store.transaction():
            saved = self.store.setting("projectConfig") or {}
            self.store.settings.put(Setting(id="projectConfig", value={**saved, **values}))

    @property
    def origins(self) -> frozenset[str]:
        """Return the authorised origins: exact scheme, host and port (API notes 7.5)."""
        config = self.config
        urls = (config["applicationUrl"], config["authSuccessRedirectUrl"])
        found = {origin_of(url) for url in urls} - {None}
        return frozenset({*(str(origin) for origin in found), *self.emulator_config.origins})

    def issue_token(self, kind: str, user_id: str, lifetime: float, text: str = "") -> Token:
        """Issue a one-time secret for a user."""
        with self.store.transaction():
            self._forget_old_tokens()
            now = self.store.now()
            return self.store.tokens.put(
                Token(
                    id=text or random_text(TOKEN_LENGTH),
                    kind=kind,
                    user_id=user_id,
                    created=now,
                    expires=now + lifetime,
                )
            )

    def issue_session_token(self, user_id: str) -> str:
        """Issue the bearer token with which the component may add a passkey (API notes 7.14)."""
        return self.issue_token("session", user_id, SESSION_TOKEN_LIFETIME).id

    def valid_token(self, kind: str, text: str) -> Token | None:
        """Return a token if it is known, unused and not expired."""
        token = self.store.tokens.get(text)
        if token is None or token.kind != kind or token.used is not None:
            return None
        return token if self.store.now() < token.expires else None

    def spend_token(self, kind: str, text: str) -> Token | None:
        """Use up a valid token and return it, to one of two concurrent calls (API notes 7.1)."""
        with self.store.transaction():
            token = self.valid_token(kind, text)
            if token is None:
                return None
            return self.store.tokens.put(replace(token, used=self.store.now()))

    def redirect_url(self, user_id: str) -> str:
        """Return the configured Redirect URL with a new auth token, and nothing from the request.

        The Redirect URL keeps its own query; the parameter is added to it (API notes 7.15,
        INFERRED 24).
        """
        token = self.issue_token("auth", user_id, AUTH_TOKEN_LIFETIME)
        return self.redirect_url_for(token)

    def redirect_url_for(self, token: Token) -> str:
        parts = urlsplit(str(self.config["authSuccessRedirectUrl"]))
        added = urlencode({"corbadoAuthToken": token.id})
        return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))

    def _forget_old_tokens(self) -> None:
        tokens = self.store.tokens
        if len(tokens) >= KEPT_TOKENS:
            now = self.store.now()
            for token in tokens.all():
                if token.used is not None or token.expires <= now:
                    tokens.remove(token.id)
