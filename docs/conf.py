"""How `make docs` builds the site from the Markdown of this folder.

Every page reads well on GitHub, too: what Sphinx needs beyond Markdown is made here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from corbado_auth import __version__  # noqa: E402

project = "django-corbado-auth"
author = "the authors of django-corbado-auth"
project_copyright = author
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True
# What stands in quotes is often to be typed.
smartquotes = False
# The same names as GitHub gives to headings.
myst_heading_anchors = 4

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"{project} {__version__}: passkeys for Django"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6b5c", "color-brand-content": "#0b6b5c"},
    "dark_css_variables": {"color-brand-primary": "#5fd3bd", "color-brand-content": "#5fd3bd"},
}

# Pages whose text is elsewhere in the repository; here is a page with a link to it.
ELSEWHERE = {
    "changelog": "CHANGELOG.md",
    "code-of-conduct": "CODE_OF_CONDUCT.md",
    "contributing": "CONTRIBUTING.md",
    "emulator": "corbado_auth/emulator/SUPPORTED.md",
    "security-policy": "SECURITY.md",
}
PLACES = {path: f"{page}.md" for page, path in ELSEWHERE.items()} | {"README.md": "index.md"}
# What the tests read and readers need not (tests/documentation).
FOR_THE_TESTS = re.compile(r"^ *<!-- (?:run|site|generated|end).*?-->\n", re.DOTALL | re.MULTILINE)


def prepare(app: Sphinx, page: str, source: list[str]) -> None:
    """Make of a page as GitHub shows it one for the site."""
    text = source[0]
    if page in ELSEWHERE:
        text = _relocated(ELSEWHERE[page])
    if page == "index":
        text += _tables_of_contents(text)
    for path, target in PLACES.items():
        text = re.sub(rf"\]\(\.\./{re.escape(path)}(#[^)]*)?\)", rf"]({target}\1)", text)
    source[0] = FOR_THE_TESTS.sub("", text)


def _relocated(path: str) -> str:
    """Return a file of the repository with links that are right from this folder."""
    file = ROOT / path

    def from_here(link: re.Match[str]) -> str:
        target = (file.parent / link[1]).resolve().relative_to(ROOT).as_posix()
        return f"]({target.removeprefix('docs/') if target.startswith('docs/') else '../' + target}"

    return re.sub(r"\]\((?!https?:|#|mailto:)([^)#]+)", from_here, file.read_text("utf-8"))


def _tables_of_contents(text: str) -> str:
    """Put what the start page links to, section by section, into the site's navigation."""
    tables = ""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        caption, _line_end, body = section.partition("\n")
        links = re.findall(r"^- \[([^]]+)\]\(([^)#]+)\.md\)", body, re.MULTILINE)
        entries = [f"{text} <{target}>" for text, target in links]
        if entries:
            options = f":hidden:\n:caption: {caption}\n\n"
            tables += "\n```{toctree}\n" + options + "\n".join(entries) + "\n```\n"
    return tables


def setup(app: Sphinx) -> None:
    app.connect("source-read", prepare)
