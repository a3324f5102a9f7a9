#!/usr/bin/env bash
# Install Debian or Ubuntu packages where that is allowed without asking: as root or by sudo.
# Otherwise say in one sentence why not, and fail.
set -euo pipefail

if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here to install $* with." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "Installing $* needs root, or sudo without a password." >&2
        exit 1
    fi
    as_root=(sudo -n)
fi

apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >/dev/null
}

echo "Installing $* with apt-get"
apt_get install --yes --no-install-recommends "$@" 2>/dev/null || {
    apt_get update && apt_get install --yes --no-install-recommends "$@"
}
