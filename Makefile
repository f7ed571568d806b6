# Every target sets itself up: `.venv` is made from requirements.lock once, and again when the lock changes.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
ARGS ?=
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --no-config --annotation-style line

.DEFAULT_GOAL := help
.PHONY: help setup lab test lint format types unit coverage bench image lock clean

help: ## Show this list.
	@echo 'make TARGET [ARGS="…"]'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from the lock file; every other target does it by itself.

# Nothing is resolved and nothing is built but this project: the lock names each wheel by its hash.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo 'Python has no venv module: install python3-venv.' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lab: $(READY) ## Start two proxies, backend sites and users on this machine: ARGS="--allow 0".
	$(BIN)/casproxy lab $(ARGS)

test: lint types unit ## Check style and types, run every test, hold branch coverage, tell what was left out.

lint: $(READY) ## Check style and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## Put every file into the one format, mend what can be mended.
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

types: $(READY) ## Check types.
	$(BIN)/mypy --strict -p proxy

# The floors come first: a broken one makes the other answers worthless. What was left out is said last.
unit: $(READY) ## Run the tests with branch coverage: ARGS="tests/message -k chunked" leaves coverage out.
ifeq ($(strip $(ARGS)),)
	$(BIN)/pytest tests/architecture --quiet
	@$(BIN)/coverage erase
	@status=0; $(BIN)/coverage run -m pytest --ignore=tests/architecture || status=$$?; \
	$(BIN)/coverage report || status=$$?; \
	$(BIN)/python tests/peers.py; \
	exit $$status
else
	@status=0; $(BIN)/pytest $(ARGS) || status=$$?; $(BIN)/python tests/peers.py; exit $$status
endif

coverage: $(READY) ## Write the coverage of the last run as pages to htmlcov/.
	$(BIN)/coverage html --fail-under=0

bench: $(READY) ## Measure the proxy against the other proxies that are installed.
	$(BIN)/python -m tests.bench $(ARGS)

image: ## Build the container image with podman or docker: ARGS="--build-arg BASE_IMAGE=…".
	$$(command -v podman || command -v docker) build -t casproxy --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg VERSION=$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' proxy/__init__.py) $(ARGS) .

lock: $(READY) ## Resolve the dependencies anew; nothing about where they come from enters the files.
	$(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb")); print(*p["build-system"]["requires"], "editables", *p["dependency-groups"]["dev"], sep="\n")' > dev.in
	$(COMPILE) --upgrade --all-extras -o requirements.lock pyproject.toml dev.in
	$(COMPILE) --upgrade --extra ldap --extra speed -c requirements.lock -o requirements-image.lock pyproject.toml
	$(COMPILE) --upgrade --all-build-deps --only-build-deps -c requirements.lock -o requirements-build.lock pyproject.toml
	sed -i -e 's/-r dev.in/pyproject.toml/' -e 's/-c requirements.lock, //' requirements*.lock
	rm dev.in

clean: ## Remove everything that was made, the lab's certificates included.
	rm -rf .venv .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache dist build wheels certs/lab
