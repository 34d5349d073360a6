# The only list of commands. `make` alone shows it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop test check static bench docs lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python has no ensurepip: install Debian's package python3-venv (apt-get install python3-venv) and call make again"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements/demo.lock | $(PY)
	@echo "installing the services and the local engines (once)"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/demo.lock
	@$(PY) -m deploy.local.styles
	@touch $@

$(VENV)/.dev: requirements/dev.lock | $(PY)
	@echo "installing everything for development (once)"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.lock
	@$(PY) -m deploy.local.styles
	@touch $@ $(VENV)/.demo

setup: $(VENV)/.dev ## make the virtual environment .venv with all that development needs

demo: $(VENV)/.demo ## start everything with invented data and print the page's address (DETACH=1 returns when it is ready; BROKERS=3)
	@$(PY) -m deploy.local demo $(if $(DETACH),--detach) $(if $(BROKERS),--brokers $(BROKERS))

demo-stop: $(VENV)/.demo ## stop what `make demo` started
	@$(PY) -m deploy.local demo-stop

static: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

check: static ## lint, types, imports and the fast tests, under a minute
	$(PY) -m pytest -q -m "not engines and not e2e and not chaos and not benchmark"

test: static ## everything, on the real engines
	$(PY) -m pytest -q -m "not benchmark"

bench: $(VENV)/.dev ## measure against the floors of tests/benchmarks and print the ratios
	$(PY) -m tests.benchmarks

docs: $(VENV)/.dev ## write what is generated: TOPICS.md, the frozen schemas, and the pages of deploy/
	$(PY) -m shared.contracts
	$(PY) -m deploy.documents

lock: | $(PY) ## pin all versions anew, with hashes and without addresses
	$(VENV)/bin/pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe --upgrade --extra intake --extra classifier --extra actions --extra reporting --extra tracing --extra local --extra dev -o requirements/dev.lock pyproject.toml
	$(VENV)/bin/pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe -c requirements/dev.lock --extra intake --extra classifier --extra actions --extra reporting --extra tracing --extra local -o requirements/demo.lock pyproject.toml
	$(VENV)/bin/pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe -c requirements/dev.lock --extra intake --extra classifier --extra actions --extra reporting --extra tracing -o requirements/services.lock pyproject.toml
	$(VENV)/bin/pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe -c requirements/dev.lock --output-file requirements/styles.lock requirements/styles.in

clean: ## remove the virtual environment, local data and caches
	-@test ! -x $(PY) || $(PY) -m deploy.local down 2>/dev/null
	rm -rf $(VENV) .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
