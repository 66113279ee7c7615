# make run: environment, installation, start.   make test: the whole suite.   make torture: the long runs.
# make bench [ONLY="training data"]: measures, and writes the tables.   make gpu [CARRY=wheels] [SHRINK=1]: one GPU, seven minutes.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# HOST, PORT and DATA reach the app only from make's own command line, so that the environment and .env stay in effect.
given = $(if $(filter command,$(origin $(1))),$(2) '$($(1))')

.PHONY: run install test torture check bench gpu clean model

run: install
	$(BIN)/python app.py $(call given,HOST,--host) $(call given,PORT,--port) $(call given,DATA,--data-dir)

install: $(VENV)/.installed

# Without an NVIDIA GPU torch's CPU build comes first: one quick try, so that no gigabytes of CUDA are fetched; where it
# cannot be had, the plain requirement decides.
$(VENV)/.installed: requirements.txt requirements-academy.txt
	@$(PYTHON) -c 'import sys; sys.exit("Academy needs Python 3.11 or newer; call make with PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if [ "$$(uname)" = Linux ] && ! nvidia-smi >/dev/null 2>&1 && ! $(BIN)/python -c 'import torch' 2>/dev/null; then \
	  echo "No NVIDIA GPU found: trying torch's CPU build first."; \
	  $(BIN)/pip install -q --disable-pip-version-check --retries 0 --timeout 10 --only-binary :all: \
	    --index-url https://download.pytorch.org/whl/cpu 'torch>=2.9,<2.14' 2>/dev/null \
	    || echo "It cannot be had here; the plain requirement decides."; \
	fi
	$(BIN)/pip install -q --disable-pip-version-check --prefer-binary -r requirements-academy.txt
	touch $@

$(VENV)/.tested: $(VENV)/.installed tests/requirements.txt
	$(BIN)/pip install -q --disable-pip-version-check --prefer-binary -r tests/requirements.txt
	touch $@

test: $(VENV)/.tested
	$(BIN)/python -m pytest -m "not torture and not gpu" -n 2 --dist loadfile --no-loadscope-reorder

torture: $(VENV)/.tested
	$(BIN)/python -m pytest -m torture

check: $(VENV)/.tested
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.tested
	$(BIN)/python benchmarks/run.py $(ONLY)
	$(BIN)/python benchmarks/tables.py

# It installs nothing, so that it runs on a machine without a network; CARRY is a folder with wheels to use.
gpu:
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu.py $(if $(CARRY),--carry '$(CARRY)') $(if $(SHRINK),--shrink)

model: $(VENV)/.installed
	$(BIN)/python -m mini.build

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache
