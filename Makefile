.DEFAULT_GOAL := help
.PHONY: help run test fuzz check lock format bench bench-growth
PYTHON := .venv/bin/python
COMPILE := $(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --quiet $(ARGS)

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

run: ## set up whatever is missing, then run Fallow with its demo data
	@scripts/setup
	@exec $(PYTHON) -m fallow run

test: ## set up whatever is missing, then everything that CI runs
	@scripts/setup --dev
	@$(MAKE) --no-print-directory check
	$(PYTHON) -m pytest -n 2 --dist worksteal $(ARGS) --cov

fuzz: ## requests made from the contract, for longer (SECONDS=300; SEED=... to send the same again)
	@scripts/setup --dev
	FUZZ_SECONDS=$(SECONDS) FUZZ_SEED=$(SEED) $(PYTHON) -m pytest -s -m slow tests/journeys/test_schemathesis.py $(ARGS)

check: ## what needs no database: style, types, imports, lock files
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as lint; lint(["--no-logo"])'
	@! grep -n '://' *.lock /dev/null

format: ## put the code into its form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

lock: ## write the lock files anew (ARGS=--upgrade for newer versions)
	@scripts/setup --dev
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements-uv.lock | $(COMPILE) - --output-file requirements-uv.lock

bench: ## measure requests beside their SQL alone, N=100000 assets; writes bench/README.md
	@scripts/setup --dev
	$(PYTHON) -m bench all $(or $(N),100000) --publish $(ARGS)

bench-growth: ## measure search and matching at 10,000, 100,000 and 1,000,000 assets; writes bench/README.md
	@scripts/setup --dev
	$(PYTHON) -m bench growth $(or $(N),10000 100000 1000000) --publish $(ARGS)
