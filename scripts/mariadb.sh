#!/usr/bin/env bash
# The tests on MariaDB, in an environment of tox: the server (or the one at TEST_MARIADB_HOST), and
# what its driver is compiled with. `make mariadb` calls this; where something is missing that cannot
# be installed, it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

python_headers() { .venv/bin/python -c 'import pathlib, sysconfig
raise SystemExit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())'; }

packages=()
[ -n "${TEST_MARIADB_HOST:-}" ] || command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || packages+=(mariadb-server)
command -v mariadb_config >/dev/null || packages+=(libmariadb-dev)
command -v pkg-config >/dev/null || packages+=(pkg-config)
command -v cc >/dev/null || packages+=(gcc libc6-dev)
python_headers || packages+=("$(.venv/bin/python -c \
    'import sys; print("python%d.%d-dev" % sys.version_info[:2])')")
if [ ${#packages[@]} -gt 0 ]; then scripts/apt-install.sh "${packages[@]}"; fi

exec .venv/bin/tox run -e mariadb
