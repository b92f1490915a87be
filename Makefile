# Every target is one line anyone could type; PYTHON may name any Python >= 3.11.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup protos fmt check kernels test test-full demo up down bench lock

setup: .venv/ready  ## build .venv from the lock

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes -r requirements.lock && $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && touch $@

protos: setup  ## generate protos/gen from protos/scizor
	$(BIN)/buf format protos -w && $(BIN)/python -m tools.protos generate && $(BIN)/python -m tools.container_edge

fmt: setup  ## format everything
	$(BIN)/ruff format && $(BIN)/ruff check --fix && $(BIN)/buf format protos -w

check: setup  ## every static check
	$(BIN)/python -m tools.check

kernels: setup  ## compile now what would else be compiled when it is first called
	@$(BIN)/python -m scizor.services.container.warm > /dev/null

test: setup  ## what CI runs
	@$(MAKE) --no-print-directory -j2 check kernels
	$(BIN)/pytest -m "not full" -n 2 --dist loadfile --no-loadscope-reorder

# The suite starts a hundred programs: each file is compiled once.
unexport PYTHONDONTWRITEBYTECODE

test-full: check kernels  ## and the long runs against peers
	$(BIN)/pytest

demo: setup  ## see the whole system do its job
	$(BIN)/scizor demo

up: setup  ## start everything on this machine and return
	$(BIN)/scizor up --detach

down: setup  ## stop what `make up` started
	$(BIN)/scizor down

bench: setup  ## measure, and keep it in benchmarks/RESULTS.md; ONLY=engine for one section
	$(BIN)/python -m benchmarks $(ONLY)

lock: setup  ## renew requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra server --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock
