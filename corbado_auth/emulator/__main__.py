"""Run ``python -m corbado_auth.emulator``."""

from __future__ import annotations

import sys

from corbado_auth.emulator.cli import main

sys.exit(main())
