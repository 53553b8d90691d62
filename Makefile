# Two commands matter: `make run` and `make test`. Both set up what they need, once.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run check sweep push pull s3 test test-all lint lock format clean

help:  ## show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.installed  ## make .venv and install the pinned requirements (only when they have changed)
setup-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements.txt constraints.txt pyproject.toml
	$(PIP) install --quiet -r requirements.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/bin/python

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PIP) install --quiet -r requirements-dev.txt
	@touch $@

run: setup  ## run the whole pipeline (what is up to date is not run again) and show the results
	$(VENV)/bin/chorus check
	dvc repro
	$(VENV)/bin/chorus summary

check: setup  ## check params.yaml, and that no committed result was edited by hand (no data needed; seconds)
	$(VENV)/bin/chorus check --results

sweep: setup  ## run the 90-run grid, rank it, say which factors matter, and write reports/stage6.html
	$(VENV)/bin/chorus check
	$(VENV)/bin/chorus sweep stage6
	$(VENV)/bin/chorus leaderboard stage6
	$(VENV)/bin/chorus effects stage6
	$(VENV)/bin/chorus report stage6

push: setup  ## bring to the remote all data that it lacks, and look whether it arrived
	@$(VENV)/bin/chorus push

pull: setup  ## fetch the data of this commit
	@$(VENV)/bin/chorus pull

s3: setup-dev  ## start an S3 server on this machine, to try sharing with (docs/sharing.md)
	@$(VENV)/bin/chorus s3

test: setup-dev  ## run the tests
	python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: setup-dev  ## also the slow ones: a grid that is killed, fills the disk, and goes on
	CHORUS_COLD=1 python -m pytest  # every command starts as it does for a person: tests/prepared.py

lint: setup-dev  ## check style and types
	ruff check .
	ruff format --check .
	mypy src
	for study in studies/*/; do name=$$(basename $$study); MYPYPATH=src:$$study/src mypy -p $$name || exit 1; done

lock: setup-dev  ## write requirements.lock, the hashes that CI asks for, after a change of the requirements
	$(PIP) install --quiet uv==0.13.9
	uv pip compile --quiet --no-deps --generate-hashes --no-annotate --python-version 3.11 --no-emit-package torch \
	  --no-emit-package torchaudio --custom-compile-command "make lock" --output-file requirements.lock \
	  constraints.txt requirements-dev.txt

format: setup-dev  ## format the code
	ruff check --fix .
	ruff format .

clean:  ## remove .venv and scratch files; data, models and results stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
