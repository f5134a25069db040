# `make run` and `make test` need only Debian's Python 3.11.
SHELL := bash
.DEFAULT_GOAL := help
bin := .venv/bin
port := 8000
host_port = $(shell expr $(port) + 1)
quick := $(addprefix tests/,administration analytics domain ingest lifecycle rating rerating store journeys)

# Tests start Tollbook hundreds of times, which takes less time when its modules are compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev run check test lint fmt bench bench-peers chaos packages fuzz audit lock clean

help: ## describe the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install Tollbook's dependencies into .venv
	@scripts/venv requirements.lock

setup-dev: ## install development dependencies into .venv
	@scripts/venv requirements-dev.lock

run: export TOLLBOOK_DATABASE_URL := $(or $(TOLLBOOK_DATABASE_URL),sqlite:///tollbook-demo.db)
run: setup ## load demo data, serve on 127.0.0.1:8000 (port=8000), and a page that embeds it on the next port
	@$(bin)/tollbook demo --address http://127.0.0.1:$(port) --host-page http://localhost:$(host_port)
	@$(bin)/tollbook demo-host --server http://127.0.0.1:$(port) --port $(host_port) --stop-with $$$$ & \
	exec $(bin)/tollbook serve --port $(port)

check: setup-dev ## style, types, layers, unit tests and journeys on SQLite, in two minutes
	@$(bin)/ruff check . && $(bin)/ruff format --check . && $(bin)/mypy && $(bin)/lint-imports --no-logo
	@env -u TOLLBOOK_TEST_POSTGRES $(bin)/python -m pytest -n auto -k 'not against_model' $(quick) $(args)

test: setup-dev ## every test, on SQLite and PostgreSQL, the page in a Chromium, in ten minutes
	@scripts/node && TOLLBOOK_TEST_CHROMIUM=$$(scripts/chromium) && export TOLLBOOK_TEST_CHROMIUM && \
	TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres --unsynced) && TOLLBOOK_TEST_PGBOUNCER=$$(scripts/pgbouncer) && \
	export TOLLBOOK_TEST_POSTGRES TOLLBOOK_TEST_PGBOUNCER && $(bin)/python -m pytest -n auto $(args)

lint: setup-dev ## style, types, layers, written files
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/lint-imports --no-logo
	@$(bin)/python -m tests.conformance --check && $(bin)/python -m clients.python.generator --check
	@scripts/node && node_modules/.bin/tsc --project .
	@$(bin)/python -m clients.typescript.generate --check
	@node_modules/.bin/tsc --project clients/typescript && node_modules/.bin/tsc --project clients/typescript/test

fmt: setup-dev ## format the code
	@$(bin)/ruff check --fix .
	@$(bin)/ruff format .

bench: setup-dev ## measure, and write docs/benchmarks.md
	@TOLLBOOK_TEST_CHROMIUM=$$(scripts/chromium) && export TOLLBOOK_TEST_CHROMIUM && \
	TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres) && export TOLLBOOK_TEST_POSTGRES && $(bin)/python -m benchmarks $(args)

bench-peers: setup-dev ## compare with other engines and a plain service, and write docs/benchmarks-peers.md
	@scripts/venv benchmarks/peers/requirements.lock benchmarks/peers/.venv && \
	TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres) && export TOLLBOOK_TEST_POSTGRES && $(bin)/python -m benchmarks.peers $(args)

chaos: setup-dev ## test every fault on real servers, and write docs/reliability.md
	@TOLLBOOK_TEST_POSTGRES=$$(scripts/postgres) && TOLLBOOK_TEST_PGBOUNCER=$$(scripts/pgbouncer) && \
	export TOLLBOOK_TEST_POSTGRES TOLLBOOK_TEST_PGBOUNCER && $(bin)/python -m chaos $(args)
	@TOLLBOOK_TEST_KILLS=50 $(bin)/python -m pytest -n 0 tests/brokers/test_kills.py tests/alerts/test_kills.py clients/python/tests/test_kills.py tests/typescript/test_server.py

packages: setup-dev ## build both clients, install them into empty folders, and run their tests from there
	@scripts/node && TOLLBOOK_TEST_PACKAGES=1 $(bin)/python -m pytest -n 0 clients/python/tests/test_package.py tests/typescript/test_package.py

fuzz: setup-dev ## test malformed input, for everything that reads outside data (args="--seconds 600 --only books")
	@$(bin)/python -m fuzz $(args)

audit: ## check dependencies for vulnerabilities, and write a bill of materials (osv=all.zip reads an export)
	@scripts/audit $(osv)

lock: setup-dev ## pin dependencies
	@scripts/lock

clean: ## remove the environment and the demo data
	@rm -rf .venv tollbook-demo.db tollbook-demo.db-shm tollbook-demo.db-wal tollbook-demo.db-secret tollbook-demo.json
