#!/usr/bin/env bash
# Bring the catalogues up to date with the code, and compile them; `make messages` calls this.
# New texts come out empty and changed ones marked as a guess: the tests name them until they are
# translated.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! { command -v xgettext && command -v msgfmt; } >/dev/null; then
    echo "Missing: gettext. Debian and Ubuntu: apt-get install gettext" >&2
    exit 1
fi

catalogues() { # FOLDER MAKEMESSAGES-OPTION...
    local folder=$1
    shift
    (
        cd "$folder"
        "$OLDPWD/.venv/bin/django-admin" makemessages --all --add-location file --no-obsolete "$@"
        # It would change at every run.
        sed -i '/^"POT-Creation-Date:/d' locale/*/LC_MESSAGES/*.po
        "$OLDPWD/.venv/bin/django-admin" compilemessages
    )
}

# The emulator speaks English: it is a developer's tool.
catalogues corbado_auth --ignore 'emulator/*'
catalogues example_project --ignore 'tests/*'
