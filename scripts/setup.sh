#!/usr/bin/env bash
# Make .venv with this project in it: scripts/setup.sh EXTRAS (dev, or emulator,cli for the demo).
# The Makefile calls this when setup.cfg or pyproject.toml changed, and not otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
extras=$1

fits() { # a Python that is new enough and can make virtual environments
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 \
        /usr/bin/python3 /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 \
        /usr/bin/python3.11}; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

if ! { [ -x .venv/bin/python ] && fits .venv/bin/python; }; then
    if ! python=$(find_python); then
        # Debian splits venv from Python; with it the one that is there may do.
        scripts/apt-install.sh python3-venv || true
        python=$(find_python) || {
            echo "This project needs Python 3.11 or newer with its venv module, and" \
                "$(python3 --version 2>&1 || echo 'no python3') is what is here." >&2
            echo "Install one (Debian and Ubuntu: apt-get install python3 python3-venv)," \
                "or name one: make test PYTHON=/path/to/python3.12" >&2
            exit 1
        }
    fi
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "Installing django-corbado-auth[$extras] and what it needs"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"
touch .venv/installed-demo
if [ "$extras" = dev ]; then
    touch .venv/installed-dev
fi
