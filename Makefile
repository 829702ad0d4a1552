# `make` or `make help` lists the targets. Each one sets up what it needs, in .venv only.

PY := .venv/bin/python
# For instance: make test ARGS="tests/sdk -k refund"
ARGS ?=
# Where it is set, as in some images, each of the tests' processes would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE
# For instance: make simulate SEED="payout; till:COMMIT#2 kill"
SEED ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## Make or update .venv (PYTHON=/path/to/python chooses the interpreter)
	@scripts/bootstrap

.PHONY: setup-demo
setup-demo:
	@scripts/bootstrap demo

.PHONY: demo
demo: setup-demo ## Watch a whole order go through against a Molam API on this machine
	@$(PY) examples/demo.py $(ARGS)

.PHONY: test
test: setup ## Run the tests, three at a time (ARGS are pytest's)
	@$(PY) -m pytest --numprocesses=3 --dist=worksteal $(ARGS)

.PHONY: lint
lint: setup ## Check style and formatting
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) scripts/lengths

.PHONY: format
format: setup ## Sort the imports and format, in place
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format .

.PHONY: types
types: setup ## Check the types with mypy --strict and pyright
	@$(PY) -m mypy
	@$(PY) -m pyright

.PHONY: generate
generate: setup ## Emit molam_sdk/ from openapi/molam.yaml
	@$(PY) -m generator

.PHONY: drift
drift: setup ## Check that emitted files are what their sources give
	@$(PY) -m generator check
	@$(PY) scripts/currencies --check

.PHONY: golden
golden: setup ## Refresh the record of what the generator emits; review its diff
	@$(PY) scripts/golden

.PHONY: lock
lock: setup ## Rewrite the locks after a change of the dependencies (ARGS are uv's)
	@scripts/lock $(ARGS)

.PHONY: docs
docs: setup ## Build the documentation site, docs/_build/html
	@$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: release
release: setup ## Go through the checklist of a release, and make it (ARGS="--check" only looks)
	@$(PY) scripts/release $(ARGS)

.PHONY: hooks
hooks: ## Check style and emitted files before every commit (scripts/pre-commit)
	@scripts/pre-commit --install

.PHONY: conformance
conformance: setup ## Hold the sandbox to the document with schemathesis (ARGS are its own)
	@$(PY) scripts/conformance $(ARGS)

.PHONY: bench
bench: setup ## Measure (ARGS choose which benchmarks)
	@$(PY) -m benchmarks $(ARGS)

.PHONY: bench-check
bench-check: setup ## Measure, and fail where a budget is missed
	@$(PY) -m benchmarks --check $(ARGS)

.PHONY: simulate
simulate: setup ## Simulate merchants: every single fault, two minutes at random (SEED= replays one)
	@$(PY) -m tests.simulation --seed "$(SEED)" $(ARGS)

.PHONY: simulate-proof
simulate-proof: setup ## Put known faults back, one at a time, and see that the simulation finds them
	@$(PY) -m tests.simulation.proof $(ARGS)

.PHONY: chaos
chaos: setup ## 10,000 orders with real processes, sockets and PostgreSQL, all of which fail
	@$(PY) -m tests.chaos $(ARGS)

.PHONY: verify-wheel
verify-wheel: setup ## Build wheel and sdist, install them elsewhere, and try them
	@$(PY) scripts/verify-wheel

.PHONY: ci
ci: ## Run all that continuous integration runs
	@.ci/run

.PHONY: clean
clean: ## Remove everything that the other targets made, .venv too
	@rm -rf .venv benchmarks/.cache build dist docs/_build htmlcov .coverage .coverage.* .hypothesis .schemathesis \
	    .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
