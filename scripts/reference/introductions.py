"""The introductions of the parts of docs/reference.md."""

from __future__ import annotations

SETTINGS = """
Deployment values are settings; project policy is class attributes of the backend and the views,
further down. `None` counts as not set, so `os.environ.get(…)` may supply any of them. All are
read when they are needed, not at the start.
"""
BACKEND = """
`corbado_auth.backends.CorbadoBackend` says which local user a person from Corbado is. Subclass
it, and name the subclass in `AUTHENTICATION_BACKENDS`. Attributes:
"""
VIEWS = """
Subclass a view and put it into your URLconf before the include, under the same path. Override
only what is listed here.
"""
URLS = """
In the namespace `corbado_auth`, below the prefix under which you include `corbado_auth.urls`.
"""
JSON_API = """
In the namespace `corbado_auth_headless`, below the prefix under which you include
`corbado_auth.headless.urls`; [how to use it](how-to-api.md). `openapi.yaml` beside it describes
every request and response. `corbado_auth.api_tokens.TokenExchange` is what CORBADO_API_TOKEN
may name; those in `corbado_auth.contrib.api_tokens` are subclasses.
"""
TAGS = """
Write `{% load corbado %}` first. The template engine needs the context processor
`django.template.context_processors.request`.
"""
TEMPLATES = """
Each can be overridden by a template of the same name in your site. All pages extend
`corbado_auth/base.html`.
"""
SIGNALS = """
Sign-ins, sign-outs and failures are Django's own signals: `user_logged_in`, `user_logged_out`,
`user_login_failed`. These are ours, in `corbado_auth.signals`:
"""
COMMANDS = """
`python manage.py COMMAND --help` says the same. Django's own options (`--verbosity`,
`--settings`, …) are left out here.

All commands that write have `--dry-run`, which changes nothing, here or at Corbado. Before a step
that cannot be undone, they ask; `--yes` agrees in advance. Without a terminal (cron, a deploy) and
without `--yes`, they do nothing. Exit code 0 means success; 1, that something is left to do
(someone was refused, Corbado did not answer); 2, that the command did not start (a wrong option,
user or ID, a failed check, nobody agreed), or that a run was stopped.
"""
CHECKS = """
`python manage.py check` runs them; those marked *deploy* need `--deploy`, those marked
*database* need `--database`. `SILENCED_SYSTEM_CHECKS` silences one by its ID. E is an error, W
a warning. `…` stands for what differs from site to site.
"""
MIGRATION = """
`corbado_auth.existing_users.UserMigration` is what `corbado_migrate_users` uses for
each user. Subclass it, and name the subclass in `CORBADO_USER_MIGRATION`. Attributes:
"""
MODELS = """
In `corbado_auth.models`. `CorbadoAccount` is for your queries; the others are internal.
"""
EXCEPTIONS = """
In `corbado_auth.exceptions`, named after the person who must act. One `except CorbadoError` is
always enough. All carry `status_code`, `error_type` and `request_id`, which is what Corbado's
support asks for.
"""
VALUES = """
In `corbado_auth.identity`: the immutable values that your hooks get from Corbado's answers.
"""
SERVICE = """
`corbado_auth.corbado_api.service.CorbadoService` has one method for each call to Corbado's
backend API. A method returns a value or raises a `CorbadoError`.
"""
PROJECTS = """
For brands or tenants: `CORBADO_PROJECTS` and `CORBADO_PROJECT_RESOLVER`; [the
guide](how-to-several-projects.md) begins with an example.
"""

TEST_KIT = """
In `corbado_auth.testing`, with the extra `[emulator]`; [how to test your own
site](how-to-testing.md) has examples.
"""
EMULATOR = """
`python manage.py corbado_emulator` takes its defaults from the site's settings; `python -m
corbado_auth.emulator` runs without Django. Both have the same options. [What the emulator
supports](../corbado_auth/emulator/SUPPORTED.md) is a page of its own.
"""
