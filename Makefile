# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
# Up to four: each holds a torch and a model or two.
WORKERS ?= $(shell n=$$(nproc 2> /dev/null || echo 2); echo $$(( n < 4 ? n : 4 )))
# One torch thread a test process: workers that each start a thread per core slow one another down.
TEST_ENV := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1

KILLS ?= 20

.PHONY: help run test test-faults unit bench bench-gpu bench-growth bench-short lint format schema reference since sample clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip -c constraints.txt
	$(PY) -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

# Beside the environment: where peft finds bitsandbytes, it loads compilers at every start.
$(VENV)/.four_bit: $(VENV)/.installed
	$(PY) -m pip install --quiet --no-deps -c constraints.txt --target $(VENV)/four_bit bitsandbytes
	touch $@

run: $(VENV)/.installed  ## set up, train the embedded default, print where the report is
	$(PY) -m gliexp $(ARGS)

test: $(VENV)/.installed $(VENV)/.four_bit lint  ## set up, lint, type-check and run all tests
	$(TEST_ENV) $(PY) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

unit: $(VENV)/.installed  ## the tests that take seconds
	$(TEST_ENV) $(PY) -m pytest -n $(WORKERS) --dist loadfile -m "not slow and not shared" $(PYTEST_ARGS)

test-faults: $(VENV)/.installed  ## kill runs of every task at KILLS random moments each, fill the disk, damage checkpoints
	GLIEXP_KILLS=$(KILLS) GLIEXP_FAULTS=all $(TEST_ENV) $(PY) -m pytest tests/faults $(PYTEST_ARGS)

bench: $(VENV)/.installed  ## training speed beside the stock libraries' own loops, on real data beside the checkout
	$(TEST_ENV) $(PY) scripts/benchmark_training.py $(ARGS)

bench-gpu: $(VENV)/.installed  ## the same on a GPU, in bf16, at several lengths; says so where there is none
	$(TEST_ENV) $(PY) scripts/benchmark_gpu.py $(ARGS)

bench-growth: $(VENV)/.installed  ## how a step grows with words, labels and rows, beside the stock libraries
	$(TEST_ENV) $(PY) scripts/benchmark_growth.py $(ARGS)

bench-short: $(VENV)/.installed  ## the same on the sample; fails where a ratio has fallen since scripts/bench/short.json
	$(TEST_ENV) $(PY) scripts/benchmark_training.py --short $(ARGS)

lint: $(VENV)/.installed  ## ruff and mypy (strict)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.installed  ## format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

schema: $(VENV)/.installed  ## regenerate config/schema/training.py from the installed library
	$(PY) scripts/generate_training_schema.py

reference: $(VENV)/.installed  ## regenerate docs/reference.md from the schema
	$(PY) scripts/generate_reference.py

docs: $(VENV)/.installed  ## build the documentation into build/docs, links checked
	$(PY) -m mkdocs build

since: $(VENV)/.installed  ## look up in the libraries' wheels which release brought which key, for docs/reference.md
	$(PY) scripts/generate_since.py

sample: $(VENV)/.installed  ## regenerate the sample data
	$(PY) scripts/generate_sample_data.py

clean:  ## remove the environment and every output
	rm -rf $(VENV) outputs multirun build dist .mypy_cache .ruff_cache .pytest_cache
