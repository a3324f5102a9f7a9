#!/usr/bin/env bash
# The whole suite: style, types, SQLite, PostgreSQL, the other user models and settings, coverage.
# `make test` calls this. What is not available is left out and named at the end; with
# CORBADO_TEST_STRICT=1 anything left out is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
workers=${CORBADO_TEST_WORKERS:-2}
variants=(email_user uuid_user bare_user login_required other_backends)
left_out=()
failed=()
timings=()
begun=()
meanwhile=$(mktemp -d)
trap 'for job in $(jobs -rp); do kill -- "-$job"; done; rm -rf "$meanwhile"' EXIT

step() { # NAME COMMAND...: run it, remember how it went, go on
    local name=$1 start=$SECONDS outcome=ok
    shift
    printf '\n== %s\n' "$name"
    "$@" || { failed+=("$name"); outcome=FAILED; }
    timings+=("$(printf '%5d s  %-6s  %s' $((SECONDS - start)) "$outcome" "$name")")
}

at_once() { # NAME COMMAND...: a step of small processes, while those after it go on; see `all_at_once`
    local name=$1
    shift
    # One more than there are workers: some wait for a disk or the network.
    while [ "$(jobs -rp | wc -l)" -gt "$workers" ]; do wait -n; done
    set -m # A process group of its own, to end all of it.
    {
        SECONDS=0
        "$@" >"$meanwhile/$name" 2>&1
        echo "$? $SECONDS" >"$meanwhile/$name.end"
    } </dev/null &
    set +m
    begun+=("$name")
}

all_at_once() { # Wait for the steps that `at_once` began; the output of each in one piece
    local name end seconds outcome
    wait
    for name in "${begun[@]}"; do
        printf '\n== %s\n' "$name"
        cat "$meanwhile/$name"
        outcome=ok
        read -r end seconds <"$meanwhile/$name.end"
        [ "$end" = 0 ] || { failed+=("$name"); outcome=FAILED; }
        timings+=("$(printf '%5d s  %-6s  %s' "$seconds" "$outcome" "$name")")
    done
    begun=()
}

have_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

have_postgresql() { command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'; }

have_npm() { command -v npm; }

have_gettext() { command -v xgettext; }

provide() { # WHAT CHECK PACKAGE...: make sure that it is here, or leave it out
    local what=$1 check=$2 reason
    shift 2
    if "$check" >/dev/null; then return 0; fi
    echo "Missing: $what. Trying to install $*"
    if reason=$(scripts/apt-install.sh "$@" 2>&1) && "$check" >/dev/null; then return 0; fi
    left_out+=("$what: ${reason##*$'\n'}")
    return 1
}

web_component() { # Corbado's own npm packages and axe-core, for the browser tests
    local folder=tests/browser
    if [ "$folder/node_modules/.package-lock.json" -nt "$folder/package.json" ]; then return 0; fi
    if [ -f "$folder/package-lock.json" ]; then
        npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error </dev/null
    else
        npm install --prefix "$folder" --no-audit --no-fund --loglevel=error </dev/null
    fi
    touch "$folder/node_modules/.package-lock.json"
}

everything() { # with coverage of pytest, its workers and what they start
    # In the order of tests/conftest.py: xdist would leave files of few long tests to the end.
    "$bin/coverage" run -m pytest -n "$workers" --dist loadfile --no-loadscope-reorder
}

# Without coverage, which takes a third of the time: few lines are only reached here.
on_postgresql() { # The emulator and the SDKs know no database of ours.
    TEST_DATABASE=postgresql "$bin/pytest" -n "$workers" --dist loadfile \
        -m "not browser and not slow" --ignore tests/emulator --ignore tests/sdk
}

beside_other_apps() { # django-tenants needs schemas
    local without=()
    [ $postgresql = yes ] || without=(--without tenants)
    scripts/neighbours.sh "${without[@]}" "$bin/coverage" run -m pytest
}

# One process for each: workers would take longer to start than to run so few tests.
variant() { # NAME: of the files with such tests alone, since collecting all takes as long as running these
    local files
    mapfile -t files < <(grep -rl --include='test_*.py' 'mark\.matrix' tests)
    "$bin/pytest" -m matrix --ds "tests.settings.$1" "${files[@]}"
}

the_example_site() { "$bin/coverage" run -m pytest --ds example_project.settings example_project/tests; }

audit() { # known vulnerabilities of what is installed, where the registry tells them
    local report
    report=$(timeout --foreground 180 "$bin/pip-audit" --skip-editable --progress-spinner off 2>&1)
    if grep -q 'known vulnerabilit.* in' <<<"$report"; then
        echo "$report"
        return 1
    fi
    if grep -q 'could not be audited' <<<"$report" || ! grep -q 'No known' <<<"$report"; then
        echo "Not audited: this package registry reports no vulnerabilities."
    fi
}

coverage_gate() {
    "$bin/coverage" combine --quiet && "$bin/coverage" report
}

provide "the browser tests (Chromium)" have_chromium chromium
postgresql=yes
provide "the PostgreSQL run" have_postgresql postgresql || postgresql=no
provide "the texts of the code (gettext)" have_gettext gettext
if [ -f tests/browser/package.json ] && provide "Corbado's web component (npm)" have_npm npm; then
    step "npm: Corbado's web component, axe-core" web_component
fi

"$bin/coverage" erase
at_once "pip-audit" audit
at_once "mypy" "$bin/mypy"
at_once "docs" "$bin/sphinx-build" -W --keep-going -E -q -b html docs docs/_build
at_once "ruff check" "$bin/ruff" check .
at_once "ruff format" "$bin/ruff" format --check .
all_at_once
step "pytest, SQLite: everything" everything
if [ $postgresql = yes ]; then step "pytest, PostgreSQL" on_postgresql; fi
at_once "pytest, beside other apps" beside_other_apps
for name in "${variants[@]}"; do
    at_once "pytest, $name" variant "$name"
done
at_once "pytest, the example site" the_example_site
all_at_once
step "coverage" coverage_gate

printf '\n== Summary\n'
printf '%s\n' "${timings[@]}"
for reason in "${left_out[@]}"; do
    echo "Left out: $reason"
done
if [ "${CORBADO_TEST_STRICT:-}" = 1 ] && [ ${#left_out[@]} -gt 0 ]; then
    failed+=("something was left out, and CORBADO_TEST_STRICT=1 allows nothing to be")
fi
if [ ${#failed[@]} -gt 0 ]; then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi
# `make bench` shows it beside its mark.
mkdir -p test-results
printf '{"seconds": %d, "finished": "%s", "left_out": %d}\n' \
    "$SECONDS" "$(date -u '+%Y-%m-%d %H:%M UTC')" ${#left_out[@]} >test-results/make-test.json
echo "All passed in $SECONDS seconds."
