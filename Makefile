# One command each, on a machine with only Python 3.11 or newer, pip and make: each builds .venv first if it has to.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Arguments passed on: make test ARGS="tests/test_cli.py -x", make derive ARGS="focal --out build",
# make bench ARGS="--quick"
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help derive handout test bench lint format check venv clean

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

derive: venv  ## derive every loss: proofs and kernels into generated/, then verify them
	$(BIN)/python -m symce derive $(ARGS)

handout: venv  ## the chapter as PDF, slides, page, Markdown and notebook, into handouts/
	$(BIN)/python -m symce handout $(ARGS)

test: venv  ## run all tests, on all cores
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

bench: $(VENV)/.bench  ## time the kernels against every peer: goals, tables, plots, into build/speed (a quarter of an hour)
	$(BIN)/python -m benchmarks.speed $(ARGS)

lint: venv  ## style, types and the one-way imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict symce
	$(BIN)/lint-imports --no-cache

format: venv  ## put the sources into their format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint test  ## lint, test, and generated/ is what its sources give
	$(BIN)/python -m symce derive --check

venv: $(VENV)/.installed  ## build or update .venv

# The constraints pin every package to the version that was tested, and so decide what torch costs: the pin on 2.13.0
# also takes a CPU build (2.13.0+cpu) that pip is pointed at (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL), whereas a loose
# `pip install torch` on Linux takes the newest build and several GB of CUDA with it.
#
# Some systems ship Python without ensurepip: there the system's own pip fills the new environment.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "symce needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip $(VENV) && \
	  $(PYTHON) -m pip --python $(BIN)/python install pip; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=24'
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

# Of the peers of the benchmark numba is its own: neither symce nor its tests need it.
$(VENV)/.bench: $(VENV)/.installed benchmarks/constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -c benchmarks/constraints.txt -e '.[bench]'
	@touch $@

clean:  ## remove .venv, builds and caches; generated/ stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
