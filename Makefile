# Two commands do everything: `make weekly` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV = $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
SHARED ?= ../shared
# What every command and reader process loads: compiled once, for where PYTHONDONTWRITEBYTECODE is set (most containers)
# each process would compile it anew, at half a second.
STARTED := polars numpy duckdb lxml pydantic pydantic_core pydantic_settings typer click rich
LANDING ?= data/landing
WAREHOUSE ?= data/warehouse
EXPORTS ?= data/exports
export PREFECT_HOME ?= $(CURDIR)/data/prefect
# A busy or slow machine takes its time to start the embedded server.
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS ?= 300
export PREFECT_SERVER_ANALYTICS_ENABLED ?= false
# An office behind a proxy has its own certificate authority in the system store.
export UV_SYSTEM_CERTS ?= true
export DO_NOT_TRACK ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup weekly test check format lint types imports sql-lint corpora golden bench serve notebooks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with everything of the lock file (uv is installed into it if there is none)

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lookthrough needs Python 3.11 or newer; name one with make PYTHON=python3.12 …"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@VIRTUAL_ENV= $(UV) sync --locked --inexact --quiet --python $(BIN)/python
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' | { read -r lib; cd "$$lib" && $(CURDIR)/$(BIN)/python -m compileall -q -j 0 $(STARTED) >/dev/null; } || true
	@$(BIN)/python -m compileall -q flows models || true
	@touch $@

weekly: $(READY) ## sample delivery -> weekly Prefect flow on an embedded server -> ranking and exports
	@test -d $(LANDING) || $(BIN)/lookthrough simulate $(LANDING)
	@$(BIN)/python -m flows.weekly --landing $(LANDING) --warehouse $(WAREHOUSE) --exports $(EXPORTS)

test: $(READY) ## the test suite
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: format lint types imports sql-lint notebooks test ## exactly what CI runs

format: $(READY) ## is the code formatted?
	@$(BIN)/ruff format --check .

lint: $(READY)
	@$(BIN)/ruff check .

types: $(READY)
	@$(BIN)/mypy

imports: $(READY) ## the three rooms and their one direction
	@$(BIN)/lint-imports

sql-lint: $(READY)
	@$(BIN)/sqlfluff lint sql --processes 2 --disable-progress-bar

notebooks: $(READY) ## execute the notebooks on a sample week
	@$(BIN)/python -m tests.run_notebooks

corpora: $(READY) ## read files and whole deliveries by others (SHARED/real, SHARED/worlds), with a table of what became of each
	@$(BIN)/python -m tests.corpora $(SHARED)

golden: $(READY) ## rewrite the golden files of the sample week
	@$(BIN)/python -m tests.golden

bench: $(READY) ## speed as ratios against a baseline measured in the same run
	@VIRTUAL_ENV= $(UV) sync --locked --inexact --quiet --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks

serve: $(READY) ## serve the deployments on an embedded server (weekly Monday 06:00 Asia/Shanghai, ingest hourly)
	@$(BIN)/python -m flows.serve --landing $(LANDING) --warehouse $(WAREHOUSE) --exports $(EXPORTS)

clean: ## remove the environment, caches and everything a run wrote under data/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache data/landing data/lake data/warehouse data/exports data/models data/prefect
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
