#!/usr/bin/env bash
# The tests beside other apps: each app has a settings module and a file of its own, and so a process.
# scripts/neighbours.sh [--without NAME] PYTEST...; scripts/test.sh and tox call this.
set -uo pipefail
workers=${CORBADO_TEST_WORKERS:-2}
neighbours=(
    allauth authtoken axes channels easyaudit grappelli hijack htmx impersonate jazzmin knox loginas
    ninja otp otp_webauthn passkeys passwordless policies polymorphic qsessions sesame
    session_timeout simplejwt simple_history su telemetry tenants two_factor unfold user_sessions
    usersessions wagtail whitenoise
)
if [ "${1:-}" = --without ]; then
    mapfile -t neighbours < <(printf '%s\n' "${neighbours[@]}" | grep -vx "$2")
    shift 2
fi

neighbour() { # NAME PYTEST...: one app's tests; the output in one piece, for several run at once
    local name=$1 output outcome=0
    shift
    output=$("$@" --ds "tests.settings.$name" "tests/neighbours/test_$name.py" 2>&1) || outcome=$?
    printf '\n== beside %s\n%s\n' "$name" "$output"
    return $outcome
}

export -f neighbour
# A few tests each: pytest's own workers would take longer to start than to run.
printf '%s\n' "${neighbours[@]}" | xargs -P "$workers" -I{} bash -c 'neighbour "$@"' _ {} "$@"
