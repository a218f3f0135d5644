# Every target works from a fresh clone with Python 3.11+ and make; VITRINA_DATA, when set, names a folder of data sets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup demo test check docs reproduce clean

help:            ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

setup: $(STAMP)  ## make .venv with the pinned dependencies

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Vitrina needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/vitrina doctor --compile
	@touch $@

demo: setup      ## the main job on the built-in simulated gallery: pictures drawn, a table on screen, a report on disk
	$(BIN)/vitrina demo --out runs/demo

test: setup      ## the fast tests (under ten minutes on two cores)
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: setup     ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup      ## build the documentation, strictly
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

reproduce: setup ## run the published protocols and compare with the published numbers (needs VITRINA_DATA)
	$(BIN)/python -m pytest -m slow -n 0 -p no:cacheprovider

clean:           ## remove what the targets made
	rm -rf $(VENV) runs site .pytest_cache .mypy_cache .ruff_cache
