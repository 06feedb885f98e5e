# Everything a person or CI types. `make help` lists it; each target below carries its own line of help.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
# Which Python builds the environment: `make setup PYTHON=python3.13`. Left alone, the first one that is new enough.
PYTHON ?=
# What follows the command: `make demo ARGS="--orders 100 --keep"`, `make test ARGS="-k fold"`, `make bench ARGS=--json`.
ARGS ?=

PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
RUNTIME := $(VENV)/.stamp-runtime
TEST := $(VENV)/.stamp-test
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links $(LOCK_ARGS)

.PHONY: help setup demo demo-prod test check format bench lock clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(TEST) ## prepare .venv for work on the code (runtime and test locks)

demo: $(RUNTIME) ## run the main job against local sandboxes (ARGS="--orders 100 --keep")
	@$(BIN)/orquestador demo $(ARGS)

demo-prod: $(TEST) ## the same on a mongod and a Redis of its own, api and worker apart (ARGS as for demo)
	@$(BIN)/python -m tests.demo_prod $(ARGS)

# Two at a time, file by file: most of a test is waiting for processes and disks. ARGS="-n 0" for one by one.
test: $(TEST) ## run the tests (ARGS="-k word")
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: $(TEST) ## lint, formatting, types and the arrows of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TEST) ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The peer (bench.peers) needs Node, and takes longer than all of these: docs/benchmarks-peers.md.
bench: $(TEST) ## measure acknowledgements, orders, workers and footprint (ARGS=--json)
	$(BIN)/python -m bench.ack $(ARGS)
	$(BIN)/python -m bench.orders $(ARGS)
	$(BIN)/python -m bench.odoo $(ARGS)
	$(BIN)/python -m bench.workers $(ARGS)
	$(BIN)/python -m bench.footprint $(ARGS)

# Versions already locked stay; LOCK_ARGS=--upgrade moves them all, LOCK_ARGS="--upgrade-package rich" one.
lock: $(RUNTIME) ## resolve pyproject.toml into requirements/ (LOCK_ARGS=--upgrade)
	$(PIP_INSTALL) --require-hashes -r requirements/lock.txt
	$(UV_COMPILE) pyproject.toml --group build -o requirements/runtime.txt
	$(UV_COMPILE) pyproject.toml --group build --group test -c requirements/runtime.txt -o requirements/test.txt
	$(UV_COMPILE) --group lock -o requirements/lock.txt

clean: ## remove the environment and every cache
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: a stamp per lock, so that it is touched only when a lock or pyproject.toml changes ---

$(RUNTIME): requirements/runtime.txt pyproject.toml scripts/system-packages scripts/find-python
	@python=$$(scripts/find-python $(PYTHON)) && scripts/system-packages "$$python" && \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "Preparing $(VENV) with $$python (once; the packages come from PyPI)"; \
		"$$python" -m venv --clear $(VENV); \
	fi
	@$(PIP_INSTALL) --require-hashes -r requirements/runtime.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(TEST): requirements/test.txt scripts/test-packages $(RUNTIME)
	@scripts/test-packages
	@echo "Adding the tools of the tests to $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r requirements/test.txt
	@touch $@
