"""How page.py turns docstrings, comments, help texts and messages into Markdown."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "corbado_auth"


def attributes(cls: type, *, inherited: tuple[type, ...] = ()) -> Iterator[str]:
    """List the class attributes that have a comment above them, with their defaults."""
    listed = ""
    for owner in (cls, *(base for base in cls.__mro__[1:] if base in inherited)):
        source = textwrap.dedent(inspect.getsource(owner))
        for node in next(iter(ast.parse(source).body)).body:  # type: ignore[attr-defined]
            target = (
                node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            )
            if not isinstance(target, ast.Name) or target.id.startswith("_"):
                continue
            comment = comment_above(source, rf"^    {target.id}\b")
            if comment:
                listed += f"- `{target.id} = {code(node.value)}`: {comment}\n"
            elif group_comment(source, node.lineno):
                listed += f"- `{target.id} = {code(node.value)}`\n"
    if listed:
        yield listed + "\n"


def code(node: ast.expr) -> str:
    """Return an expression as this project writes it."""
    return ast.unparse(node).replace("'", '"')


def group_comment(source: str, line: int) -> bool:
    """Return whether an attribute follows another one without a line between."""
    return re.match(r"    \w+\b.* = ", source.splitlines()[line - 2]) is not None


def methods(
    cls: type,
    *,
    only: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    properties: bool = False,
) -> Iterator[str]:
    for name, value in vars(cls).items():
        if name.startswith("_") or name in leave_out or (only and name not in only):
            continue
        if properties and isinstance(value, property):
            yield f"- `.{name}`: {inline(value.__doc__)}\n"
        elif inspect.isfunction(value):
            yield f"- `{name}{signature(value)}`: {inline(value.__doc__)}\n"
    yield "\n"


def signature(function: Any) -> str:
    """Return the parameters without types and without self."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(plain)).replace("'", '"')


def messages(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Find every Error(…), Info(…), Warning(…), _readable(…): constant, message, hint, when."""
    tree = ast.parse(path.read_text("utf-8"))
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        local = {
            node.targets[0].id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
            called = call.func.id if isinstance(call.func, ast.Name) else ""
            if called == "_readable":
                setting, check_id, example = call.args
                message = raised_by(ast.literal_eval(setting))
                hint = f"For instance: {ast.literal_eval(example)}"
                yield check_id.attr, message, hint, ""  # type: ignore[attr-defined]
            elif called in {"Error", "Info", "Warning"}:
                keywords = {each.arg: each.value for each in call.keywords}
                if not isinstance(keywords.get("id"), ast.Attribute):
                    continue
                message = words(call.args[0], local)
                if message == "…":
                    message = raised_by("_get_list")
                hint = words(keywords["hint"], local)
                yield keywords["id"].attr, message, hint, when(path, function)  # type: ignore[attr-defined]


def when(path: Path, function: ast.FunctionDef) -> str:
    source = path.read_text("utf-8")
    if path.stem == "email_lookups":
        return " *database*"
    if function.name == "check_sign_up":
        return " *deploy*"
    deploy = source.partition("def check_deployment")[2]
    return " *deploy*" if f"*{function.name}()" in deploy.partition("\n\n\n")[0] else ""


def raised_by(setting: str) -> str:
    """Return what conf.py raises about one setting."""
    source = (PACKAGE / "conf.py").read_text("utf-8")
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    (function,) = (node for node in functions if node.name == setting)
    raised = next((node.exc for node in ast.walk(function) if isinstance(node, ast.Raise)), None)
    if raised is None:
        return raised_by("_get_count").replace("…", setting, 1)
    return words(raised.args[0], {})  # type: ignore[attr-defined]


def words(node: ast.expr, local: dict[str, ast.expr]) -> str:
    """Return a text as it is written, with ``…`` for what is put in later."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else words(part.value, local)  # type: ignore[attr-defined]
            for part in node.values
        )
    if isinstance(node, ast.Name) and node.id in local:
        return words(local[node.id], local)
    if isinstance(node, ast.BinOp):
        return words(node.left, local) + words(node.right, local)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return (
            words(node.func.value, local).replace("{}", "…") if node.func.attr == "format" else "…"
        )
    return "…"


def options(
    parser: argparse.ArgumentParser, leave_out: frozenset[str] = frozenset()
) -> Iterator[str]:
    rows = ""
    for action in parser._actions:
        if leave_out & set(action.option_strings) or isinstance(action, argparse._HelpAction):
            continue
        flag = ", ".join(action.option_strings) or action.dest
        metavar = f" {action.metavar or action.dest.upper()}" if action.nargs != 0 else ""
        default = "" if action.default is None else str(action.default)
        explained = (action.help or "").replace("%(default)s", default).replace("%%", "%")
        required = " **Required.**" if action.required else ""
        rows += f"| `{flag}{metavar}` | {cell(explained)}{required} |\n"
    if rows:
        yield f"| option | |\n|---|---|\n{rows}\n"


def options_of_django() -> frozenset[str]:
    from django.core.management.base import BaseCommand

    parser = BaseCommand().create_parser("manage.py", "any")
    return frozenset(flag for action in parser._actions for flag in action.option_strings)


def comment_above(source: str, pattern: str) -> str:
    """Return the comment lines directly above the line that fits."""
    lines = source.splitlines()
    position = next(number for number, line in enumerate(lines) if re.match(pattern, line))
    comment: list[str] = []
    while position and lines[position - 1].strip().startswith("#"):
        position -= 1
        comment.insert(0, lines[position].strip().removeprefix("#").strip())
    return plain(" ".join(comment))


def prose(docstring: str | None) -> str:
    """Return a docstring as Markdown paragraphs."""
    return plain(inspect.cleandoc(docstring or ""))


def inline(docstring: str | None) -> str:
    """Return a docstring as one line."""
    return " ".join(prose(docstring).split())


def help(text: str) -> str:
    """Return a help text: indented lines in it are examples or lists, and stay as they are."""
    blocks = []
    for paragraph in text.strip().split("\n\n"):
        indented = all(line.startswith("  ") for line in paragraph.splitlines())
        blocks.append(f"```text\n{textwrap.dedent(paragraph)}\n```" if indented else paragraph)
    return "\n\n".join(blocks)


def plain(text: str) -> str:
    text = re.sub(r"\s?\((?:API notes|RFC)[^)]*\)", "", text)
    return text.replace("``", "`")


def cell(text: str) -> str:
    """Make a text fit into a table: what Markdown would take for markup becomes code."""
    text = " ".join(plain(text).split()).replace("|", "\\|")
    return re.sub(r"(?<!`)(\{%.*?%\}|<[^>]+>|\*\.\w+)(?!`)", r"`\1`", text)


def is_class(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == name
