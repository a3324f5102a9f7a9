"""Put Corbado's npm packages into one script for a page, as a site's build would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

MODULES = Path(__file__).parent / "node_modules"
ESBUILD = MODULES / ".bin" / "esbuild"
NEEDED = ("@corbado/web-core", "@corbado/connect-react", "react-dom", ".bin/esbuild")


def bundle(source: str, folder: Path, name: str) -> Path:
    """Bundle a module that imports npm packages, or leave the test out where they are missing."""
    if not all((MODULES / package).exists() for package in NEEDED):
        pytest.skip("Corbado's Connect packages are not here: npm ci --prefix tests/browser")
    (folder / f"{name}.mjs").write_text(source)
    subprocess.run(
        [ESBUILD, f"{name}.mjs", "--bundle", "--format=iife", f"--outfile={name}.js"]
        + ["--define:process.env.NODE_ENV='production'", "--log-level=error"],
        cwd=folder,
        env={**os.environ, "NODE_PATH": str(MODULES)},
        check=True,
    )
    return folder / f"{name}.js"
