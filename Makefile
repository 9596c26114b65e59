.DEFAULT_GOAL := help
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) bootstrap.py

.PHONY: help run test test-fast check chaos chaos-long bench docs wheel clean

help: ## this list
	@echo "Autoflows: every new lead contacted within seconds, and every lead accounted for."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## everything on this machine, with a demo account; needs Python 3.11+ and a network, nothing else (ARGS="--port 9000")
	@exec $(BOOTSTRAP) run $(ARGS)

test: ## all that CI runs: format, lint, types, import rules, all tests
	@exec $(BOOTSTRAP) test $(ARGS)

test-fast: ## the tests without browser and chaos, in less than a minute
	@exec $(BOOTSTRAP) test-fast $(ARGS)

check: ## format, lint, types and import rules
	@exec $(BOOTSTRAP) check

chaos: ## the tests that kill processes and servers, with hundreds of leads per kind
	@AUTOFLOWS_CHAOS_LEADS=$${AUTOFLOWS_CHAOS_LEADS:-300} exec $(BOOTSTRAP) exec pytest -q -s -m chaos $(ARGS)

chaos-long: ## more than 5,000 leads while everything is killed; writes docs/evidence/chaos.md (about ten minutes)
	@AUTOFLOWS_CHAOS_LEADS=$${AUTOFLOWS_CHAOS_LEADS:-560} AUTOFLOWS_CHAOS_REPORT=docs/evidence/chaos.md AUTOFLOWS_CHAOS_COMMAND="make chaos-long" \
		exec $(BOOTSTRAP) exec pytest -q -s -m chaos tests/chaos/test_kill.py $(ARGS)

bench: ## leads per second and latencies of this machine
	@exec $(BOOTSTRAP) exec autoflows bench $(ARGS)

docs: ## check the documentation: its links, and that it names only commands and settings that exist
	@exec $(BOOTSTRAP) exec pytest -q tests/docs $(ARGS)

wheel: ## dist/*.whl with the built frontend in it: installs and runs without a JavaScript toolchain
	@$(BOOTSTRAP) setup
	@exec $(BOOTSTRAP) exec python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## remove what was built: environment, frontend, caches (the data in AUTOFLOWS_HOME stay)
	rm -rf .venv .web dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
