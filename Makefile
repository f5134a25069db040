# Few verbs. `make run` and `make test` need nothing but Debian's Python 3.11.
SHELL := bash
.DEFAULT_GOAL := help
bin := .venv/bin
port := 8000
quick := $(addprefix tests/,analytics domain ingest lifecycle rating rerating store journeys)

.PHONY: help setup setup-dev run check test lint fmt bench chaos fuzz audit lock clean

help: ## what each verb does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## make .venv with what Tollbook needs
	@scripts/venv requirements.lock

setup-dev: ## make .venv with what working on Tollbook needs
	@scripts/venv requirements-dev.lock

run: export TOLLBOOK_DATABASE_URL := $(or $(TOLLBOOK_DATABASE_URL),sqlite:///tollbook-demo.db)
run: setup ## demo data, then a server on 127.0.0.1:8000 (port=8000)
	@$(bin)/tollbook demo --address http://127.0.0.1:$(port)
	@exec $(bin)/tollbook serve --port $(port)

check: setup-dev ## style, types, layers, and tests that need SQLite only, in two minutes
	@$(bin)/ruff check . && $(bin)/ruff format --check . && $(bin)/mypy && $(bin)/lint-imports --no-logo
	@env -u TOLLBOOK_TEST_POSTGRES $(bin)/python -m pytest -n auto --dist loadgroup $(quick) $(args)

test: setup-dev ## every test, on SQLite and PostgreSQL, the page in a Chromium
	@scripts/node && TOLLBOOK_TEST_CHROMIUM=$$(scripts/chromium) && export TOLLBOOK_TEST_CHROMIUM && \
	TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres) && TOLLBOOK_TEST_PGBOUNCER=$$(scripts/pgbouncer) && \
	export TOLLBOOK_TEST_POSTGRES TOLLBOOK_TEST_PGBOUNCER && $(bin)/python -m pytest -n auto --dist loadgroup $(args)

lint: setup-dev ## style, types, layers
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/lint-imports --no-logo
	@scripts/node && node_modules/.bin/tsc --project .

fmt: setup-dev ## put the code into shape
	@$(bin)/ruff check --fix .
	@$(bin)/ruff format .

bench: setup-dev ## measure, and write docs/benchmarks.md
	@TOLLBOOK_TEST_CHROMIUM=$$(scripts/chromium) && export TOLLBOOK_TEST_CHROMIUM && \
	TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres) && export TOLLBOOK_TEST_POSTGRES && $(bin)/python -m benchmarks $(args)

chaos: setup-dev ## produce every fault on real servers, and write docs/reliability.md
	@TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres) && TOLLBOOK_TEST_PGBOUNCER=$$(scripts/pgbouncer) && \
	export TOLLBOOK_TEST_POSTGRES TOLLBOOK_TEST_PGBOUNCER && $(bin)/python -m chaos $(args)

fuzz: setup-dev ## inputs that nobody would send, for everything that reads (args="--seconds 600 --only books")
	@$(bin)/python -m fuzz $(args)

audit: ## known weaknesses of dependencies, and a bill of materials (needs the package index)
	@scripts/audit

lock: setup-dev ## pin dependencies anew
	@scripts/lock

clean: ## forget the environment and the demo
	@rm -rf .venv tollbook-demo.db tollbook-demo.db-shm tollbook-demo.db-wal tollbook-demo.json
