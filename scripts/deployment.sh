#!/usr/bin/env bash
# A shop with django-allauth in production, on this machine: nginx, gunicorn, PostgreSQL, TLS, the
# emulator, and Chromium. `make deployment` calls this; missing Debian packages are installed where
# that is allowed.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { # PACKAGE FILE...: one of the files is there, or the package is missing
    local package=$1 file
    shift
    for file in "$@"; do
        if compgen -G "$file" >/dev/null; then return 0; fi
    done
    missing+=("$package")
}

need chromium /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome
need libnss-wrapper '/usr/lib/*/libnss_wrapper.so' # names for this run alone, without /etc/hosts
need libnss3-tools /usr/bin/certutil
need nginx /usr/sbin/nginx
need postgresql '/usr/lib/postgresql/*/bin/initdb'
if [ ${#missing[@]} -gt 0 ]; then
    scripts/apt-install.sh "${missing[@]}"
fi
CORBADO_DEPLOYMENT=1 CORBADO_TEST_STRICT=1 exec .venv/bin/pytest tests/deployment "$@"
