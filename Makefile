# Each recipe sets up its own .venv; only Python 3.11+ need be present.
PYTHON ?= python3
comma := ,
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
DOCS := $(VENV)/.ready-docs
# In CI no test may skip, so the packages that fuller tests face are installed too.
TESTED := dev$(if $(JEVONS_NO_SKIP),$(comma)full)

.PHONY: demo test test-frameworks bench bench-large docs refresh clean

demo: $(READY)  ## estimate BLOOM and GPT-3, write report.html
	$(BIN)/jevons demo

test: $(DEV)  ## floors, types, style and every test
	$(BIN)/ruff check src tests benchmarks docs examples
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/python -m pytest

test-frameworks: $(DEV)  ## the callbacks with real torch, Lightning, Keras, Ray (gigabytes, unless TORCH names a build without CUDA)
	$(BIN)/python -m pip install --quiet --editable '.[dev,full,frameworks]' '$(TORCH)'
	$(BIN)/python -m pytest -m frameworks

bench: $(DEV)  ## speed and accuracy, with the rivals in the same run
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python benchmarks/fleet.py

bench-large: $(DEV)  ## 1e9 samples and a day of 10,000 devices at 1 Hz (6 GB of made-up files)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python benchmarks/fleet.py --large

docs: $(DOCS)  ## build the documentation into site/
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict

refresh: $(DEV)  ## rebuild every table whose source a package or open file gives, and show the diff
	$(BIN)/python -m benchmarks.refresh

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "jevons needs Python 3.11 or later: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(DEV): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[$(TESTED)]'
	touch $@

$(DOCS): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .hypothesis report.html
