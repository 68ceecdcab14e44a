# Everything below installs what it needs into $(VENV); only Python 3.11 or newer and make have to be there.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow check bench power generators calibrate reproduce clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make the virtual environment (.venv) with everything in it
	@test "$$(cat $(READY))" = "$(CURDIR)" || { $(BIN)/python -m pip install -q --no-deps -e . && echo "$(CURDIR)" > $(READY); }

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "setting up $(VENV) (once, a few minutes; PyTorch takes 5 GB)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q -e ".[dev]"
	@echo "$(CURDIR)" > $(READY)

demo: setup ## look for fingerprints in a task with known truth
	@$(BIN)/fingerprint-features demo

test: setup ## run the tests
	@$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow" $(PYTEST_ARGS)

test-slow: setup ## run the tests that train networks for minutes
	@$(BIN)/python -m pytest -q -m slow $(PYTEST_ARGS)

check: setup ## lint, formatting, import floors and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest -q tests/test_floors.py tests/test_types.py -p no:xdist

bench: setup ## compare speed with scikit-image and imagehash, worst ratio first
	@$(BIN)/python -m benchmarks.ratios

power: setup ## how much memorisation each recipe and an audit find, and how often some where there is none
	@$(BIN)/python -m benchmarks.power
	@$(BIN)/python -m benchmarks.audits --power
	@$(BIN)/python -m benchmarks.generators

generators: setup ## train small generators, and what each recipe finds of their training images (DATA=FOLDER: on yours)
	@$(BIN)/python -m benchmarks.generators $(if $(DATA),--folder $(DATA))

calibrate: setup ## how often an audit finds something where there is nothing (goes on where it stopped)
	@$(BIN)/python -m benchmarks.audits

reproduce: setup ## run every published system and write SYSTEMS.md (hours; RECIPES="NAME ..." for some, DATA=FOLDER)
	@$(BIN)/python -m benchmarks.reproduce $(if $(RECIPES),--recipes $(RECIPES)) $(if $(DATA),--data $(DATA))

clean: ## remove the virtual environment and everything generated
	rm -rf .venv .asv .pytest_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
