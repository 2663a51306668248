# Two commands: make book, make test. The rest are conveniences. See README.md for the same in plain pip.
PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
export OMP_NUM_THREADS ?= 1
export PYTHONWARNINGS ?= ignore::DeprecationWarning

.DEFAULT_GOAL := help
.PHONY: help environment book test fast lint serve claims bench picture clean

help:
	@echo "make book     make the book; the last line says where to open it"
	@echo "make test     run all tests: package, exercises, notebooks, pages in a browser; what passed with the same"
	@echo "              files is not repeated, AGAIN=1 repeats it"
	@echo "make fast     unit tests only: three minutes, one where little has changed since"
	@echo "make lint     style, import direction, notebooks without outputs"
	@echo "make serve    show the book at http://127.0.0.1:8000"
	@echo "make claims   run every experiment at full length (hours), going on where it stopped; QUICK=1 in short"
	@echo "make bench    time the mechanisms"
	@echo "make picture  take README's picture of the book again"
	@echo "make clean    remove what was made, but not the environment"

environment:
	@PYTHON="$(PYTHON)" sh tools/environment.sh $(VENV)

book: environment
	@$(PY) -m tools.book

test: environment
	@$(PY) -m tools.colab
	@$(PY) -m tools.book --if-stale
	@$(PY) -m pytest -n 2 --dist loadgroup --benchmark-disable -p tools.kept $(if $(AGAIN),--again)

fast: environment
	@$(PY) -m pytest -n 2 --benchmark-disable -m "not slow and not browser" -p tools.kept $(if $(AGAIN),--again) \
	  --ignore tests/book --ignore tests/notebooks

lint: environment
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/nbstripout --verify --keep-id $$(git ls-files '*.ipynb')

serve: environment
	@$(PY) -m tools.book --if-stale
	@echo "http://127.0.0.1:8000/ until you press Ctrl+C"
	@$(PY) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

claims: environment
	@$(PY) -m visual_attention.experiments run --jobs 2

bench: environment
	@$(PY) -m pytest --benchmark-only -q tests

picture: environment
	@$(PY) -m tools.book --if-stale
	@$(PY) -m tools.picture

clean:
	rm -rf _build _build.lock .executed .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
