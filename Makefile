# One word per wish. `make demo` and `make test` are all the set-up there is: each makes what it needs.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: pictures demo demo-week test bench proof soak check format deb box words lock clean compiled

demo: compiled  ## a clinic on throw-away state: with a terminal the screen, without one a scripted day
	@$(BIN)/edgepos demo

demo-week: compiled  ## a night clinic's week: every difference that a match can show, named and dealt with
	@$(BIN)/edgepos demo --week

test: $(VENV)/dev.stamp compiled  ## every test that a push needs
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m 'not long'

proof: $(VENV)/dev.stamp compiled  ## no payment lost, doubled or misreported: the table of faults, and the bad twins that were caught
	@$(BIN)/python -m tests.proof

soak: $(VENV)/dev.stamp compiled  ## the same in its long form: an hour or more
	@$(BIN)/python -m tests.proof --soak

bench: $(VENV)/dev.stamp compiled  ## what edgepos costs, each figure beside its floor or a peer; ARGS="--json", "--only drain"
	@$(BIN)/python -m bench $(ARGS)

pictures: $(VENV)/dev.stamp compiled  ## the pictures of docs/staff*.md, from the real screen; ARGS="/tmp/p --theme dark" for every scene
	@$(BIN)/python -m tests.pictures $(ARGS)

check: $(VENV)/dev.stamp  ## format, lint, types, layers, spelling, known vulnerabilities
	@$(BIN)/ruff format --check edgepos tests bench systemd
	@$(BIN)/ruff check edgepos tests bench systemd
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell edgepos tests bench docs config README.md CHANGELOG.md
	@$(BIN)/pip-audit --require-hashes -r requirements/run.lock || echo 'pip-audit: not reachable from here, or a finding above'

format: $(VENV)/dev.stamp
	@$(BIN)/ruff format edgepos tests bench
	@$(BIN)/ruff check --fix-only -q edgepos tests bench

deb: $(VENV)/run.stamp  ## the packages for boxes with this Python's Debian, of both kinds of processor, in dist/
	@$(BIN)/python systemd/deb/build.py --arch amd64 --arch arm64

box: $(VENV)/dev.stamp  ## boots the package, pays at its console, pulls its power; a quarter of an hour; ARGS="--only payment"
	@$(BIN)/python -m tests.box $(ARGS)

words: $(VENV)/run.stamp  ## the catalogues of the five languages anew, from the sources and the .po files
	@$(BIN)/python -m edgepos.locale.build

lock: $(VENV)/run.stamp  ## the two locks anew, from pyproject.toml
	@$(PIP) install uv
	@$(BIN)/uv -q pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group build -o requirements/run.lock pyproject.toml >/dev/null
	@$(BIN)/uv -q pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev -c requirements/run.lock -o requirements/dev.lock pyproject.toml >/dev/null

compiled: $(VENV)/run.stamp  # where Python may not keep what it compiles, each of a thousand processes would compile it anew
	@$(BIN)/python -m compileall -q edgepos tests bench

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "edgepos needs Python 3.11 or newer, with its venv module. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what edgepos needs into $(VENV) (once) ..."
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.lock
	@echo "Installing what its tests need (once) ..."
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@
