#!/usr/bin/env bash
# A site on two web hosts with PostgreSQL, Redis and the emulator, parts of which die while people
# sign in. `make scaling` calls this; missing Debian packages are installed where that is allowed.
# With SCALING_DOCS=1 the figures go into docs/scaling.md.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v pgbouncer /usr/sbin/pgbouncer >/dev/null || missing+=(pgbouncer)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
if [ ${#missing[@]} -gt 0 ]; then
    scripts/apt-install.sh "${missing[@]}"
fi
CORBADO_TEST_STRICT=1 exec .venv/bin/pytest -p no:randomly tests/scaling "$@"
