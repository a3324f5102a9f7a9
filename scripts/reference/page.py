"""Write docs/reference.md from the code: make reference

Every sentence in it is a docstring, a comment above a class attribute, a help text or a message, so
that text and code cannot diverge; tests/documentation/test_reference.py fails if the page differs.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from scripts.reference.introductions import (
    BACKEND,
    CHECKS,
    COMMANDS,
    EMULATOR,
    EXCEPTIONS,
    JSON_API,
    MIGRATION,
    MODELS,
    PROJECTS,
    SERVICE,
    SETTINGS,
    SIGNALS,
    TAGS,
    TEMPLATES,
    TEST_KIT,
    URLS,
    VALUES,
    VIEWS,
)
from scripts.reference.reading import (
    PACKAGE,
    ROOT,
    attributes,
    cell,
    code,
    comment_above,
    help,
    inline,
    is_class,
    messages,
    methods,
    options,
    options_of_django,
    prose,
    signature,
)

PAGE = ROOT / "docs/reference.md"

INTRODUCTION = """\
# Reference

Every setting, check, command, view, hook, signal, tag and fixture. This page is written from the
code (`make reference`), and a test fails when the two differ.
"""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings.default")
    django.setup()
    PAGE.write_text(text(), "utf-8")


def text() -> str:
    """Return the whole page."""
    sections = [
        ("Settings", SETTINGS, settings()),
        ("The backend", BACKEND, backend()),
        ("Views", VIEWS, views()),
        ("URL names", URLS, url_names()),
        ("The JSON API", JSON_API, json_api()),
        ("Template tags", TAGS, template_tags()),
        ("Templates", TEMPLATES, templates()),
        ("Signals", SIGNALS, signals()),
        ("Commands", COMMANDS, commands()),
        ("System checks", CHECKS, checks()),
        ("Moving existing users", MIGRATION, migration()),
        ("Models", MODELS, models()),
        ("Exceptions", EXCEPTIONS, exceptions()),
        ("Values", VALUES, values()),
        ("Asking Corbado", SERVICE, service()),
        ("Several projects", PROJECTS, several_projects()),
        ("Test kit", TEST_KIT, test_kit()),
        ("The emulator", EMULATOR, emulator()),
    ]
    contents = "".join(
        f"- [{title}](#{title.lower().replace(' ', '-')})\n" for title, _, _ in sections
    )
    parts = [f"## {title}\n\n{about.strip()}\n\n{''.join(body)}" for title, about, body in sections]
    page = "\n".join([INTRODUCTION, contents, *parts])
    return re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n"


# The parts --------------------------------------------------------------------------------------


def settings() -> Iterator[str]:
    from corbado_auth.conf import Settings

    defaults = _defaults_of_settings()
    for name, value in vars(Settings).items():
        if isinstance(value, property):
            yield f"### `{name}`\n\n{prose(value.__doc__)}\n\n"
            if defaults[name] != "required" and "Default" not in str(value.__doc__):
                yield f"Default: `{defaults[name]}`\n\n"


def _defaults_of_settings() -> dict[str, str]:
    """Read the second argument of each ``_get()`` in conf.py; an empty one means required."""
    source = (PACKAGE / "conf.py").read_text("utf-8")
    cls = next(node for node in ast.parse(source).body if is_class(node, "Settings"))
    defaults = {}
    for function in cls.body:
        if isinstance(function, ast.FunctionDef) and function.name.isupper():
            strings = {
                node.targets[0].id: code(node.value)
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
            found = "None"
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "_get":
                    found = code(node.args[1])
                elif isinstance(node, ast.BoolOp) and "_get_list(" in ast.unparse(node):
                    found = code(node.values[-1])
            found = strings.get(found, found).removeprefix("f")
            found = found.replace("{self.CORBADO_PROJECT_ID}", "<project ID>")
            defaults[function.name] = "required" if found == '""' else found
    return defaults


def backend() -> Iterator[str]:
    from corbado_auth.backends import CorbadoBackend, SignInRefused
    from corbado_auth.connect_rules import ConnectRules

    yield from attributes(CorbadoBackend)
    yield "Methods:\n\n"
    yield from methods(CorbadoBackend)
    yield "Methods that only concern Connect:\n\n"
    yield from methods(ConnectRules, leave_out=vars(CorbadoBackend))
    yield f"`corbado_auth.backends.SignInRefused(reason)`: {inline(SignInRefused.__doc__)}\n\n"


def views() -> Iterator[str]:
    from corbado_auth import csp, decorators, mixins, pilot, session, views
    from corbado_auth.passkeys.views import PasskeyPage
    from corbado_auth.sign_in import failures

    for name in views.__all__:
        cls = getattr(views, name)
        yield f"### `{views.__name__}.{name}`\n\n{prose(cls.__doc__)}\n\n"
        if cls is views.FailurePages:
            yield from methods(cls, only=("render_failure", "get_context_data"))
            source = Path(failures.__file__).read_text("utf-8")
            yield "| page | status | when |\n|---|---|---|\n"
            for page, code in failures.STATUSES.items():
                when = comment_above(source, rf' +"{page}": ')
                yield f"| `{page}` | {code} | {when} |\n"
            yield "\n"
        yield from attributes(cls, inherited=(PasskeyPage,))
        if cls is views.ActionWebhookView:
            yield from methods(cls, only=("auth_methods", "password_verify"))
    for name in decorators.__all__:
        function = getattr(decorators, name)
        yield f"### `corbado_auth.decorators.{name}`\n\n{prose(function.__doc__)}\n\n"
    for name in mixins.__all__:
        cls = getattr(mixins, name)
        yield f"### `{mixins.__name__}.{name}`\n\n{prose(cls.__doc__)}\n\n"
        yield from attributes(cls)
    for module in (pilot, session, csp):
        for name in module.__all__:
            about = prose(getattr(module, name).__doc__)
            yield f"### `{module.__name__}.{name}`\n\n{about}\n\n"


def url_names() -> Iterator[str]:
    from corbado_auth import urls

    yield from _url_names(urls)


def json_api() -> Iterator[str]:
    from corbado_auth.api_tokens import TokenExchange
    from corbado_auth.headless import urls

    yield from _url_names(urls)
    yield "A subclass of `TokenExchange` has these methods:\n\n"
    yield from methods(TokenExchange)


def _url_names(urlconf: Any) -> Iterator[str]:
    app_name, urlpatterns = urlconf.app_name, urlconf.urlpatterns
    yield "| name | path | view |\n|---|---|---|\n"
    for pattern in urlpatterns:
        view = pattern.callback.view_class.__name__
        yield f"| `{app_name}:{pattern.name}` | `{pattern.pattern}` | `{view}` |\n"
    yield "\n"


def template_tags() -> Iterator[str]:
    from corbado_auth.templatetags import corbado

    for name in corbado.register.tags:
        function = getattr(corbado, name)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        shown = "".join(
            " name=value …"
            if each.kind is each.VAR_KEYWORD
            else f" {each.name}"
            if each.default is each.empty
            else f" {each.name}=…"
            for each in parameters
        )
        yield f"### `{{% {name}{shown} %}}`\n\n{prose(function.__doc__)}\n\n"
        if name == "corbado_auth":
            known = ", ".join(f"`{each}`" for each in sorted(corbado.ATTRIBUTES))
            yield f"Attributes: {known}.\n\n"
    for name, function in corbado.register.filters.items():
        yield f"### `{{{{ value|{name} }}}}`\n\n{prose(function.__doc__)}\n\n"


def templates() -> Iterator[str]:
    folder = PACKAGE / "templates"
    for path in sorted(folder.rglob("*.html")):
        yield f"- `{path.relative_to(folder).as_posix()}`\n"
    yield "\n"


def signals() -> Iterator[str]:
    from corbado_auth import signals

    source = Path(signals.__file__).read_text("utf-8")
    for name in signals.__all__:
        if name.islower() and f"\n{name} = Signal()" in source:
            yield f"### `{name}`\n\n{comment_above(source, rf'^{name} = ')}\n\n"


def commands() -> Iterator[str]:
    from django.core.management import get_commands, load_command_class

    for name, app in sorted(get_commands().items()):
        if app != "corbado_auth":
            continue
        command = load_command_class(app, name)
        yield f"### `{name}`\n\n{help(command.help)}\n\n"
        if name != "corbado_emulator":  # Its options stand under "The emulator".
            parser = command.create_parser("manage.py", name)
            yield from options(parser, leave_out=options_of_django())


def checks() -> Iterator[str]:
    from corbado_auth.checks import ids

    names = {name: value for name, value in vars(ids).items() if name.isupper()}
    said = dict[str, list[tuple[str, str, str]]]()
    for path in sorted((PACKAGE / "checks").glob("*.py")):
        for name, message, hint, when in messages(path):
            said.setdefault(name, []).append((message, hint, when))
    missing = names.keys() - said.keys()
    if missing:
        raise LookupError(f"Nothing says {missing}: teach {__name__} how to read it.")
    yield "| id | message | hint |\n|---|---|---|\n"
    for name, check_id in names.items():
        for message, hint, when in said[name]:
            yield f"| `{check_id}`{when} | {cell(message)} | {cell(hint)} |\n"
    yield "\n"


def migration() -> Iterator[str]:
    from corbado_auth.existing_users import UserMigration, outcomes

    yield from attributes(UserMigration)
    yield "Methods:\n\n"
    yield from methods(UserMigration)
    yield "What becomes of a user is an `Outcome`, with one of these reasons:\n\n"
    yield "| reason | means |\n|---|---|\n"
    for reason, means in outcomes.REASONS.items():
        yield f"| `{reason}` | {means} |\n"
    yield "\n"


def models() -> Iterator[str]:
    from django.apps import apps

    for model in apps.get_app_config("corbado_auth").get_models():
        yield f"### `{model.__name__}`\n\n{prose(model.__doc__)}\n\n"
        fields = ", ".join(f"`{field.name}`" for field in model._meta.fields)
        yield f"Fields: {fields}.\n\n"


def exceptions() -> Iterator[str]:
    from corbado_auth import exceptions

    drawn = (exceptions.__doc__ or "").partition("\n\n")[2].strip()
    yield f"```text\n{drawn}\n```\n\n"
    for name in exceptions.__all__:
        yield f"- `{name}`: {inline(getattr(exceptions, name).__doc__)}\n"
    yield "\n"


def values() -> Iterator[str]:
    from dataclasses import fields

    from corbado_auth import identity

    for name in identity.__all__:
        cls = getattr(identity, name)
        yield f"### `{name}`\n\n{prose(cls.__doc__)}\n\n"
        shown = ", ".join(f"`{field.name}`" for field in fields(cls))
        yield f"Fields: {shown}.\n\n"
        for attribute, value in vars(cls).items():
            if isinstance(value, property):
                yield f"- `.{attribute}`: {inline(value.__doc__)}\n"
        yield "\n"


def service() -> Iterator[str]:
    from corbado_auth.corbado_api.service import CorbadoService

    made = f"CorbadoService{signature(CorbadoService.__init__)}"
    yield f"`{made}`: {inline(CorbadoService.__doc__)}\n\n"
    yield from methods(CorbadoService)


def several_projects() -> Iterator[str]:
    from corbado_auth import projects
    from corbado_auth.middleware import ProjectMiddleware

    name = f"corbado_auth.middleware.{ProjectMiddleware.__name__}"
    yield f"`{name}`: {inline(ProjectMiddleware.__doc__)}\n\n"
    for name in projects.__all__:
        function = getattr(projects, name)
        parameters = ", ".join(inspect.signature(function).parameters)
        yield f"### `corbado_auth.projects.{name}({parameters})`\n\n"
        yield f"{prose(function.__doc__)}\n\n"


def test_kit() -> Iterator[str]:
    from corbado_auth import testing

    for name in ("corbado", "corbado_live", "corbado_projects"):
        fixture = getattr(testing, name)
        function = getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()
        yield f"- the pytest fixture `{name}`: {inline(function.__doc__)}\n"
    yield f"- the mixin `CorbadoTestCase`: {inline(testing.CorbadoTestCase.__doc__)}\n\n"
    yield "Each is, or has as `self.corbado`, one of these:\n\n"
    yield from methods(testing.Corbado, properties=True)
    for name in ("User", "Request", "Email"):
        yield f"`{name}`: {inline(getattr(testing, name).__doc__)}\n\n"


def emulator() -> Iterator[str]:
    from corbado_auth.emulator import cli

    parser = argparse.ArgumentParser()
    environment = {name: os.environ.pop(name, None) for name in ("CORBADO_PROJECT_ID",)}
    try:
        cli.add_arguments(parser, {})
    finally:
        os.environ.update({name: value for name, value in environment.items() if value})
    yield from options(parser)


if __name__ == "__main__":
    main()
