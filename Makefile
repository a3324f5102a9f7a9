# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They need Python 3.11 or newer, git, make and the package registries.

BIN := .venv/bin
# pyenv hides all but one of its Pythons behind shims; tox should find them all.
PYENV_PYTHONS := $(shell printf '%s:' $${PYENV_ROOT:-$$HOME/.pyenv}/versions/*/bin)
# Some machines set it; each of the many processes of a test run would compile everything again.
unexport PYTHONDONTWRITEBYTECODE
SETUP := setup.cfg pyproject.toml scripts/setup.sh

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.* ## ' $(MAKEFILE_LIST) | sed -E 's/:.* ## /\t/' | expand -t 16

.PHONY: demo
demo: .venv/installed-demo ## Start the example site and the emulator; Ctrl-C stops both
	@$(BIN)/python -m example_project.demo $(ARGS)

.PHONY: test
test: .venv/installed-dev ## Check and test everything; prints what is left out, and why
	scripts/test.sh

.PHONY: quick
quick: .venv/installed-dev ## Run the tests that need no browser and finish quickly
	$(BIN)/pytest -n auto -m "not browser and not slow"

.PHONY: bench
bench: .venv/installed-dev ## Measure speed and size (minutes; needs PostgreSQL)
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: deployment
deployment: .venv/installed-dev ## Try a site in production: nginx, gunicorn, TLS, django-allauth
	scripts/deployment.sh $(ARGS)

.PHONY: docs
docs: .venv/installed-dev ## Build the documentation into docs/_build; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -E -q -b html docs docs/_build
	@echo "Open docs/_build/index.html"

.PHONY: scaling
scaling: .venv/installed-dev ## Kill parts of a site on two hosts while people sign in (minutes)
	scripts/scaling.sh $(ARGS)

.PHONY: reference
reference: .venv/installed-dev ## Write docs/reference.md from the code
	$(BIN)/python -m scripts.reference.page

.PHONY: lint
lint: .venv/installed-dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: .venv/installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: messages
messages: .venv/installed-dev ## Bring the translations up to date with the code (needs gettext)
	scripts/messages.sh

.PHONY: mariadb
mariadb: .venv/installed-dev ## Test on MariaDB, which is installed if it is missing
	scripts/mariadb.sh

.PHONY: tox
tox: .venv/installed-dev ## Test the built wheel under every Python and Django of this machine
	PATH="$(PYENV_PYTHONS)$$PATH" $(BIN)/tox run $(ARGS)

.PHONY: dist
dist: .venv/installed-dev ## Build the wheel and the sdist, and check them
	rm -rf build dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist
	tar tf dist/*.tar.gz
	$(BIN)/python -m zipfile -l dist/*.whl

.PHONY: clean
clean: ## Remove everything that the other targets created
	rm -rf .venv .tox build dist docs/_build htmlcov test-results .coverage .coverage.* *.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf tests/browser/node_modules

.venv/installed-dev: $(SETUP)
	scripts/setup.sh dev,neighbours

.venv/installed-demo: $(SETUP)
	scripts/setup.sh emulator,cli
