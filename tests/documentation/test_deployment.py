"""What the guides about deployment show is what ``make deployment`` runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "tests" / "deployment" / "site"
PAGES = ("how-to-behind-a-proxy", "how-to-django-allauth")
BLOCK = re.compile(
    r"^```(?:python|nginx|html)\n(?:# |{# )(\S+?)(?: #})?\n(.+?)^```$", re.DOTALL | re.MULTILINE
)
TEXTS = {page: (ROOT / "docs" / f"{page}.md").read_text() for page in PAGES}
SHOWN = [
    pytest.param(*block, id=f"{page}-{number}")
    for page, text in TEXTS.items()
    for number, block in enumerate(BLOCK.findall(text), 1)
]


def test_each_block_of_code_names_its_file() -> None:
    text = "".join(TEXTS.values())
    assert len(SHOWN) == len(re.findall(r"^```(?:python|nginx|html)$", text, re.MULTILINE))


@pytest.mark.parametrize(("path", "code"), SHOWN)
def test_a_shown_block_is_in_the_site_that_is_run(path: str, code: str) -> None:
    source = (SITE / path).read_text().replace("from __future__ import annotations\n\n", "")
    assert code in source
