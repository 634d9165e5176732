# Everything a developer or a newcomer runs. `make help` lists it.
SHELL := /bin/bash
PY := .venv/bin/python
STAMP := .venv/.installed
BENCHES := sip_message sip_calls sip_memory room_fanout muc_fanout component_fanout msrp_fanout msrp_switch msrp_memory

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types imports quick deep interop bench fuzz documents lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements/dev.txt pyproject.toml scripts/make-venv
	@scripts/make-venv .venv
	@touch $@

demo: $(STAMP) ## SIP and XMPP participants meet in one room, here and now (ONCE=1: stop after the script)
	@$(PY) -m crossroom demo $(if $(ONCE),--once)

test: $(STAMP) check deep interop ## everything: the quick part, simulations and fuzz, then real peers from Debian packages

check: $(STAMP) format lint types imports quick ## format, lint, types, imports, sizes, unit, contract: under two minutes

format: $(STAMP)
	@.venv/bin/ruff format --check .

lint: $(STAMP)
	@.venv/bin/ruff check .

types: $(STAMP)
	@.venv/bin/mypy

imports: $(STAMP)
	@.venv/bin/lint-imports --no-logo

quick: $(STAMP)
	@$(PY) -bb -m pytest tests --ignore=tests/interop --ignore=tests/simulation --ignore=tests/fuzz -q

deep: $(STAMP) ## whole calls and rooms in virtual time, and hostile input: about a minute
	@$(PY) -bb -m pytest tests/simulation tests/fuzz -q

interop: $(STAMP)
	@scripts/install-test-packages
	@$(PY) -m pytest tests/interop -q   # without -bb: the peers' own code is not ours to warn about

bench: $(STAMP) ## CPU per unit of work beside a reference of the same run
	@for name in $(BENCHES); do echo "== bench/$$name.py"; $(PY) bench/$$name.py || exit 1; done

fuzz: $(STAMP) ## the coverage-guided fuzzer, SECONDS=60 for each reader (TARGETS="sdp cpim": only these)
	@$(PY) tests/fuzz/guided/run.py $(TARGETS) --seconds $(or $(SECONDS),60)

documents: $(STAMP) ## write the generated pages anew: conformance, configuration, state machines
	@for name in merge-conformance draw-configuration draw-state-machines; do $(PY) scripts/$$name || exit 1; done

lock: ## renew requirements/*.txt from pyproject.toml (needs uv)
	@scripts/lock

clean: ## remove what the other targets made
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
