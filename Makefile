# Every command sets up what it needs. `make` alone prints this help.
VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
TORCH ?= torch==2.13.0
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
DATASETS ?= $(or $(KARANI_DATASETS),../shared/data)
SEEDS ?= ../shared/seeds
export PYTHAINLP_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: help serve test lint types layers gate baseline reliability soak check quality speed bench growth throughput audit clean

help: ## Print this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

# torch goes first and pinned, so that nothing else pulls a build with CUDA in.
# Elsewhere: make serve TORCH='torch --index-url URL-of-the-CPU-builds'.
$(STAMP): pyproject.toml karani.py
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet $(TORCH)
	$(PY) -m pip install --quiet --editable .
	touch $@

$(DEV_STAMP): $(STAMP)
	$(PY) -m pip install --quiet --editable '.[dev]'
	touch $@

serve: $(STAMP) ## Set up and serve http://127.0.0.1:8000 (the demo cases, until you ingest your own)
	$(VENV)/bin/karani serve

test: $(DEV_STAMP) ## Set up and run the tests
	$(PY) -m pytest

lint: $(DEV_STAMP) ## Style: ruff check and format, declared dependencies
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/deptry .

types: $(DEV_STAMP) ## Strict types
	$(VENV)/bin/mypy

layers: $(DEV_STAMP) ## Import layers
	$(VENV)/bin/lint-imports

# The demo questions, measured as `karani serve` answers them; GATED are the measures that a change must not spoil.
GATED := "nDCG@10" "Success(rel=2)@1" "R(rel=2)@10" right_first answer_right evidence_cited citations_hold declined
define measure_demo
$(VENV)/bin/karani eval run --data var/gate --dataset demo --split test --system hybrid --out var/gate/demo
$(VENV)/bin/karani eval answers --data var/gate --dataset demo --split test --failures 0 --out var/gate/demo
endef

gate: $(DEV_STAMP) ## Fail when the demo questions are answered worse than eval/baseline.json says
	$(measure_demo)
	$(VENV)/bin/karani eval gate var/gate/demo --baseline eval/baseline.json --max-drop 0.02

baseline: $(DEV_STAMP) ## Write eval/baseline.json anew, after a change that is meant to change the figures
	$(measure_demo)
	$(VENV)/bin/karani eval gate var/gate/demo --baseline eval/baseline.json --update --measures $(GATED)

quality: $(DEV_STAMP) ## Print the table of quality and targets (DATASETS=folder with thaigov-local, iapp, parallel; SEEDS=folder of the sample pages)
	$(VENV)/bin/karani eval quality --datasets $(DATASETS) --seeds $(SEEDS) --out var/quality
	$(VENV)/bin/karani eval answers --dataset demo --split test --out var/quality/demo
	$(VENV)/bin/karani eval answers --dataset seeds --corpus $(SEEDS) --split test --out var/quality/seeds

speed: $(STAMP) ## Speed of this machine: encoding and answering on the demo cases
	$(VENV)/bin/karani ask --data var/speed "ใครใช้ MOU กับโรงพยาบาล" >/dev/null
	OMP_NUM_THREADS=1 $(PY) -m eval.bench var/speed/demo

# Two hours on two cores; goes on where it was stopped. A part: python -m eval.peers --size 12k --only karani,fts5
bench: $(DEV_STAMP) ## Compare with other search libraries on this machine: one table, docs/benchmarks.md (DATASETS=folder of thaigov, thaigov-local, natural)
	TORCH='$(TORCH)' $(PY) -m eval.peers --datasets $(DATASETS) --docs docs

# Three quarters of an hour on two cores; goes on where it was stopped.
growth: $(DEV_STAMP) ## How build, memory, answers and recall grow from 12,000 documents to 1.6 million passages (DATASETS=folder)
	$(PY) -m eval.growth --datasets $(DATASETS) --docs docs

throughput: $(DEV_STAMP) ## What keys, limits, metrics and logs cost, by wrk (apt-get install wrk)
	$(VENV)/bin/karani ask --data var/bench "ใครใช้ MOU กับโรงพยาบาล" >/dev/null
	$(PY) -m tests.service.throughput var/bench/demo

audit: $(DEV_STAMP) ## Known vulnerabilities of the installed packages, as far as anybody can be asked
	$(PY) .ci/audit.py

# SEED=7 repeats what was drawn. A fault alone: python -m tests.reliability kill --trials 200 --seed 7
reliability: $(DEV_STAMP) ## Faults that must do no harm: kill -9, damaged files, failing disks, restarts, changes under load (40 minutes)
	$(PY) -m tests.reliability all $(if $(SEED),--seed $(SEED))

soak: $(DEV_STAMP) ## Half of the peak load for half an hour: memory and times stay flat (table, var/soak.json, var/soak.svg)
	$(PY) -m tests.reliability soak --seconds 1800 --json var/soak-outcome.json $(if $(SEED),--seed $(SEED))

check: lint types layers test gate ## All of the above

clean: ## Remove what was built (not your data in var/)
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
