# Everything that a developer does with Kiln; `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: machines faults chaos worker newest help setup setup-tests demo demo-events test unit check audit lock sbom dist docs golden clean \
  system-required system-wanted venv

# Tests at once. Half of a test's time is waiting, so that two cores take four; each has an Azurite, and 1 GB of memory.
WORKERS ?= 4

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(VENV)/.set-up
AZURITE := node_modules/.set-up

# Where an image turns bytecode off, each of the hundreds of Pythons that tests start would compile all of Kiln anew.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: system-required $(PYTHON) $(AZURITE)  ## install what is missing: system packages, .venv with `kiln`, Azurite

demo: setup  ## build examples/hello-linux.json into a VHD, all on this machine (VERIFY=1: boot it and look)
	@$(BIN)/python -m devkit.local.demo

demo-events: setup  ## publish a marketplace version, and watch one image after the other being rebuilt (GUESTS=qemu: real machines)
	@$(BIN)/python -m devkit.local.demo_events --guests $(or $(GUESTS),scripted)

test:  ## set up, check and run all tests (WORKERS=8: so many at once)
	@$(MAKE) --no-print-directory -j 2 setup-tests check
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

unit: setup-tests  ## run the tests of single modules, which are quick
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests/unit

machines: setup-tests  ## run the tests on real machines that take minutes, which `make test` leaves out
	$(BIN)/pytest -n 2 --dist worksteal -m machines

faults: setup-tests  ## run the matrices of faults, crashes and cancels, and print their tables (PART=1/4: a quarter)
	@$(BIN)/python -m tests.faults $(if $(PART),--part $(PART))

worker: setup-tests  ## run the app in Microsoft's own Python worker, as on Azure (needs a Python 3.13; `make test` skips it without)
	@$(BIN)/python -m tests.worker

chaos: setup-tests  ## let random clients, faults and deaths rage, then judge what is left (SEED=1 MINUTES=10)
	@$(BIN)/python -m tests.faults.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

newest: setup-tests  ## run the tests of the language, the planner and the flows on Python 3.13, too
	@$(BIN)/python -m tests.worker --own-tests

check: $(PYTHON)  ## style, types, layers, determinism of the orchestrators, known vulnerabilities
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m devkit.determinism orchestrators
	$(BIN)/python -m devkit.supply_chain.audit

audit: $(PYTHON)  ## ask PyPI whether a pinned package is known to be vulnerable (STRICT=1: fail if it cannot be asked)
	$(BIN)/python -m devkit.supply_chain.audit $(if $(STRICT),--strict)

lock: $(PYTHON)  ## pin in requirements.txt what requirements.in asks for, with hashes (UPGRADE=1: the newest versions)
	$(BIN)/uv pip compile requirements.in --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	  --emit-build-options --custom-compile-command "make lock" --output-file requirements.txt $(if $(UPGRADE),--upgrade)

sbom: $(PYTHON)  ## write dist/kiln.cdx.json: the software bill of materials of what is deployed (CycloneDX)
	$(BIN)/python -m devkit.supply_chain.sbom dist/kiln.cdx.json

dist: $(PYTHON)  ## make the artefacts of a release of the last commit in dist/VERSION: wheel, source, SBOM, SHA256SUMS
	@$(BIN)/python -m devkit.supply_chain.release

docs: $(PYTHON)  ## rewrite docs/compatibility.md and the tables of settings with what the code does now
	$(BIN)/python -m devkit.compatibility
	$(BIN)/python -m devkit.settings_table

golden: $(PYTHON)  ## rewrite the golden files with what the code does now; read the diff
	KILN_REWRITE_GOLDEN=1 $(BIN)/pytest -q tests/unit/kiln/cli tests/unit/kiln/planner tests/unit/devkit/event_docs tests/unit/examples

clean:  ## delete what was set up and built here: .venv, node_modules, .kiln, build, dist, caches
	rm -rf $(VENV) node_modules .kiln build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Tests on virtual machines are skipped where these cannot be had, so that a missing QEMU is no reason to run none.
setup-tests: system-wanted $(PYTHON) $(AZURITE)

system-required system-wanted: system-%:
	@scripts/setup-system.sh $*

venv: system-wanted
	@scripts/setup-venv.sh $(VENV)

$(PYTHON): requirements.in requirements.txt requirements-dev.txt pyproject.toml devkit/pyproject.toml scripts/setup-python.sh | venv
	@scripts/setup-python.sh $(VENV)
	@touch $@

$(AZURITE): package.json package-lock.json scripts/setup-azurite.sh | venv
	@scripts/setup-azurite.sh $(VENV)
	@touch $@
