# rl_zoo. `make help` lists the targets; the text after ## is what it shows.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
TORCH ?= auto
ALGO ?= ppo
ENV ?= CartPole-v1
ARGS ?=
TRIALS ?= 20
STEPS ?= 8000
MINUTES ?= 5
LOGS ?= logs
PEER ?=

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
STAMP := $(VENV)/.installed
# Numerical libraries start one thread per core each, which slows small networks and parallel tests down.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# The quadruped takes half an hour: it is run by its own name.
SLOW_BENCHES := bench-quadruped bench-tuning
BENCHES := $(filter-out $(SLOW_BENCHES),$(patsubst scripts/bench_%.py,bench-%,$(wildcard scripts/bench_*.py)))

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup install
setup: $(STAMP) ## make .venv and install everything (TORCH=auto|cpu|default)
install: setup

# Asking for another TORCH on the command line installs again; otherwise only a changed requirement does.
$(STAMP): pyproject.toml constraints/tested.txt constraints/cpu.txt scripts/setup.sh $(if $(filter command,$(firstword $(origin TORCH))),again)
	@PYTHON='$(PYTHON)' VENV='$(VENV)' scripts/setup.sh '$(TORCH)'
	@touch $@

.PHONY: again
again:

.PHONY: demo train enjoy tune plots
demo: $(STAMP) ## train a walking robot for a few minutes, then show what it learned
	$(RUN) rl_zoo.cli demo $(ARGS)

train: $(STAMP) ## train an agent (ALGO=ppo ENV=CartPole-v1 ARGS='-n 20000')
	$(RUN) rl_zoo.train --algo $(ALGO) --env $(ENV) -f $(LOGS) $(ARGS)

enjoy: $(STAMP) ## watch a trained agent (ALGO= ENV= ARGS=)
	$(RUN) rl_zoo.enjoy --algo $(ALGO) --env $(ENV) -f $(LOGS) $(ARGS)

tune: $(STAMP) ## search hyperparameters (ALGO= ENV= TRIALS=20 STEPS=8000 MINUTES=5 ARGS=)
	$(RUN) rl_zoo.tune --algo $(ALGO) --env $(ENV) -f $(LOGS) -n $(STEPS) --n-trials $(TRIALS) --trial-minutes $(MINUTES) $(ARGS)

plots: $(STAMP) ## compare finished runs (ALGO= ENV= LOGS=logs ARGS=)
	$(RUN) rl_zoo.cli all_plots -a $(ALGO) -e $(ENV) -f $(LOGS) --no-display -o $(LOGS)/$(ENV) $(ARGS)

.PHONY: test test-all lint types check format
test: $(STAMP) ## run the tests, without the slow ones
	$(ONE_THREAD) $(RUN) pytest -m "not slow" -n 2 $(ARGS)

test-all: $(STAMP) ## run every test
	$(ONE_THREAD) $(RUN) pytest -n 2 $(ARGS)

lint: $(STAMP) ## check style, sizes, imports between layers and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python scripts/check_sizes.py
	$(BIN)/lint-imports
	$(BIN)/codespell

types: $(STAMP) ## check the types
	$(BIN)/mypy

check: lint types ## everything that can be checked without running it

format: $(STAMP) ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench $(BENCHES) $(SLOW_BENCHES) docs reference
bench: $(BENCHES) ## run the benchmarks (scripts/bench_*.py; first: make peers)
	@echo 'ran: $(BENCHES)'

$(BENCHES) $(SLOW_BENCHES): bench-%: scripts/bench_%.py $(STAMP)
	$(BIN)/python $< $(BENCH_ARGS)
bench-start: BENCH_ARGS = $(if $(PEER),--peer '$(PEER)')

.PHONY: peers
peers: ## make .bench-venv with what the benchmarks measure ours beside (RL Zoo, SBX)
	scripts/peers.sh

docs: reference ## write docs/cli.md and build the pages into build/docs
	$(BIN)/python -m pip install -qq -e '.[docs]' -c constraints/tested.txt
	$(BIN)/sphinx-build -q -W docs build/docs
	@echo 'open build/docs/index.html'

reference: $(STAMP) ## write docs/cli.md from the commands' own options, and the schema of docs/deployment.md
	$(BIN)/python scripts/write_cli_reference.py
	$(BIN)/python scripts/write_bundle_schema.py

.PHONY: deploy-table
deploy-table: $(STAMP) ## export every kind of policy, write the table of errors and latencies
	$(ONE_THREAD) $(BIN)/python scripts/deploy_table.py $(ARGS)

.PHONY: check-robot-computer
check-robot-computer: $(STAMP) ## run a bundle where only requirements/robot.txt is installed
	scripts/check_robot_computer.sh $(ARGS)

.PHONY: figures
figures: $(STAMP) ## draw the figures of the pages again, from logs/benchmark
	$(BIN)/python scripts/docs_figures.py

.PHONY: clean distclean
clean: ## delete what can be made again (keeps logs and .venv)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find rl_zoo tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and delete .venv
	rm -rf $(VENV)
