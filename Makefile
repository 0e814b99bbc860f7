# Everything that is done to this project by hand or by CI. `make` alone lists the targets.
# Needs make and a Python 3.11 or newer with pip; the rest is installed into .venv.
# PYTHON=python3.12 make test    uses that interpreter (and makes .venv anew when it holds another one)
# make test ARGS="-k upload -x"  hands arguments to pytest

VENV ?= .venv
WORKERS ?= 2
PORT ?= 8000
ARGS ?=

BIN := $(abspath $(VENV))/bin
# One stamp per asked-for interpreter, so that asking for another one is noticed.
READY := $(VENV)/.ready$(if $(PYTHON),-$(notdir $(PYTHON)))

.DEFAULT_GOAL := help
.PHONY: help install demo demo-check test test-parts check format types imports bench docs reference lock clean distclean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make .venv and install everything into it

$(READY): pyproject.toml $(wildcard uv.lock) scripts/make-environment
	@PYTHON="$(PYTHON)" scripts/make-environment "$(VENV)"
	@touch "$@"

demo: $(READY) ## serve the desk on http://127.0.0.1:8000 (PORT=8001 for another port)
	@echo "Bringing the desk's database up to date (asok migrate, asok db seed) ..."
	@cd examples/desk && "$(BIN)/asok" migrate && "$(BIN)/asok" db seed
	@cd examples/desk && "$(BIN)/asok" dev --port "$(PORT)"

demo-check: $(READY) ## start the desk on a free port, walk every page, stop
	@"$(BIN)/python" examples/desk/check.py

test: $(READY) test-parts ## run all tests (ARGS="-k name" for some)
	@"$(BIN)/python" -m pytest -n "$(WORKERS)" --dist loadfile $(ARGS)

test-parts: ## install the servers and the browser that tests drive, where that is permitted
	@scripts/install-test-parts

check: $(READY) ## format, lint, types, imports and docs, changing nothing
	@"$(BIN)/ruff" format --check --quiet . || { echo 'The files above are not formatted: run "make format".'; exit 1; }
	@"$(BIN)/ruff" check --quiet .
	@"$(BIN)/mypy"
	@"$(BIN)/lint-imports" --no-cache
	@NO_MKDOCS_2_WARNING=1 "$(BIN)/mkdocs" build --strict

format: $(READY) ## format the code and apply the safe fixes of the linter
	@"$(BIN)/ruff" format .
	@"$(BIN)/ruff" check --fix --quiet .

types: $(READY) ## check types only
	@"$(BIN)/mypy"

imports: $(READY) ## check the floors only
	@"$(BIN)/lint-imports" --no-cache

bench: $(READY) ## measure against peers, about an hour (ARGS=--quick, ARGS="--only models" for less)
	@"$(BIN)/python" benchmarks/run.py $(ARGS)

docs: $(READY) ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 "$(BIN)/mkdocs" build --strict
	@echo "The documentation is in site/index.html; to read it while writing: $(VENV)/bin/mkdocs serve"

reference: $(READY) ## write the reference pages that come from the settings tables
	@"$(BIN)/python" -m asok_engine.settings.printing asok.settings aksara.settings

# Index settings of this machine stay out of the lock file: it names the public index and nothing else.
lock: $(READY) ## resolve the dependencies anew and write uv.lock
	@env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
		"$(BIN)/uv" lock --no-config --upgrade

clean: ## remove caches and built files
	@rm -rf site dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	@find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv as well
	@rm -rf "$(VENV)" .judges
