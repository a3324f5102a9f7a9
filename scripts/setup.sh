#!/usr/bin/env bash
# Make .venv with this project in it: scripts/setup.sh EXTRAS (dev,neighbours or emulator,cli for the demo).
# The Makefile calls this when setup.cfg or pyproject.toml changed, and not otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
extras=$1

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

makes_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

candidates=(${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3
    /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11})

find_python() { # the first that passes every check given
    local candidate check
    for candidate in "${candidates[@]}"; do
        for check in "$@"; do
            "$check" "$candidate" || continue 2
        done
        echo "$candidate"
        return
    done
    return 1
}

choose_python() {
    if find_python new_enough makes_environments; then return; fi
    if ! python=$(find_python new_enough); then
        echo "This project needs Python 3.11 or newer; ${candidates[0]} is" \
            "$("${candidates[0]}" --version 2>/dev/null || echo "no Python that runs")." >&2
        echo "Install one (Debian and Ubuntu: apt-get install python3 python3-venv), or name" \
            "one: PYTHON=/path/to/python3.12 make ..." >&2
        return 1
    fi
    # Debian keeps what makes environments in a package of its own.
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! scripts/apt-install.sh "$package" >&2 || ! makes_environments "$python"; then
        echo "$python cannot make virtual environments: install the package $package." >&2
        return 1
    fi
    echo "$python"
}

if ! { [ -x .venv/bin/python ] && new_enough .venv/bin/python; }; then
    python=$(choose_python)
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "Installing django-corbado-auth[$extras] and what it needs"
# setuptools warns of editable installs as such, in eight lines; errors still show.
PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"
touch .venv/installed-demo
if [ "$extras" = dev,neighbours ]; then
    touch .venv/installed-dev
fi
