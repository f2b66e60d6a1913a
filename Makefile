# make book    set up .venv, execute every chapter, render _build/html/index.html
# make test    every check and test
# make lint    the checks alone
# make bench   speed and memory (apart from the tests)
# make clean   remove what was built; make distclean removes .venv too

# 3.11 is what constraints.txt was resolved for; a newer one is taken where it is missing.
PYTHON ?= $(shell for name in python3.11 python3; do "$$name" -c \
  'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# No hub is wanted by default: a miss would cost many seconds of retries.
# To allow downloads: make book HF_HUB_OFFLINE=0
export HF_HUB_OFFLINE ?= 1
export TOKALIGN_STORE ?= $(CURDIR)/_build/store
export TOKENIZERS_PARALLELISM ?= false

.DEFAULT_GOAL := help
.PHONY: help setup book test lint bench clean distclean

help:
	@sed -n 's/^# make /make /p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[all,dev]'
	@touch $@

book: $(STAMP)
	$(BIN)/python -m tokalign.report

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_notebooks.py

test: lint
	$(BIN)/pytest

bench: $(STAMP)
	@set -e; for script in benchmarks/bench_*.py; do echo "$$script"; $(BIN)/python "$$script"; done

clean:
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

distclean: clean
	rm -rf $(VENV) *.egg-info
