# Two commands for a fresh machine with python3 (3.10 or newer, with venv) and make:
#   make demo [IMAGE=photo.jpg]    find the landmarks of a person in a photo
#   make test                      set up and run the tests
PYTHON ?= python3
VENV ?= .venv
IMAGE ?=
BIN := $(VENV)/bin

.PHONY: demo test lint clean

demo: $(VENV)/.demo
	@$(BIN)/python -m pose_landmarker image --output demo --masks \
		"$(or $(IMAGE),$$($(BIN)/python -c 'import pathlib, skimage; print(pathlib.Path(skimage.__file__).parent / "data" / "astronaut.png")'))"

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest --cov -n auto

lint: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo poses

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("python 3.10 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

KERNELS := hatch_build.py $(wildcard src/pose_landmarker/native/*.[ch])

$(VENV)/.%: pyproject.toml $(KERNELS) | $(VENV)/bin/python
	@echo "setting up $(VENV) for 'make $*' (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
