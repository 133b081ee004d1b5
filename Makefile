# One command each: `make train`, `make test`. Both set up .venv first, from
# nothing but Python and make; a second call finds it ready.

VENV := .venv
LOCK := requirements_lock.txt
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python

GIN_FILE ?= anime.gin
ARGS ?=
PYTHON ?=
UV ?=

# Packages that come as source are built with the locked setuptools, too. Older
# and newer pip read different names for it.
export PIP_CONSTRAINT := $(LOCK)
export PIP_BUILD_CONSTRAINT := $(LOCK)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A candidate is tried by running it: a shim may exist and yet fail. TensorFlow
# has nothing for Macs with Intel processors after Python 3.11.
FITS := import ensurepip, platform, ssl, sys, venv; \
	intel_mac = (platform.system(), platform.machine()) == ("Darwin", "x86_64"); \
	newest = (3, 11) if intel_mac else (3, 13); \
	sys.exit(not (3, 10) <= sys.version_info[:2] <= newest)
# The newest first, so that its lane is taken; see docs/lanes.md.
CANDIDATES := $(if $(PYTHON),$(PYTHON),\
	python3.13 python3.12 python3.11 python3.10 python3)

# uv, which brings a Python where none fits; its own environment if need be.
UV_PYTHON_VERSION := $(if $(filter Darwin-x86_64,$(shell uname -s)-$(shell uname -m)),3.11,3.13)
UV_REQUIREMENT := uv==0.13.9
UV_ENVIRONMENT := .venv-uv

# An environment whose interpreter has gone is no environment.
$(shell $(RUN) -c '' 2>/dev/null || rm -f $(READY))

.DEFAULT_GOAL := help
.PHONY: help setup train test test_all lint lock lock_check

help:
	@echo 'make train       train on $(GIN_FILE)   (GIN_FILE=cats.gin, ARGS="--run_dir=...")'
	@echo 'make test        run the tests          (ARGS="tests/losses -k hinge")'
	@echo 'make test_all    run the slow tests, too: every combination'
	@echo 'make lint        check style, format and types'
	@echo 'make lock        resolve requirements_lock.txt anew from pyproject.toml'
	@echo 'make lock_check  ask for its packages for other machines: macOS, Windows'
	@echo 'make setup       only create $(VENV) with the locked packages'
	@echo 'PYTHON=/path/to/python3.12 chooses the Python that a new $(VENV) is made with,'
	@echo 'and with it the version of TensorFlow (docs/lanes.md); to change it, remove'
	@echo '$(VENV) first. UV=1 lets uv bring a Python where none fits.'

setup: $(READY)

train: $(READY)
	@exec $(RUN) -m tf_twingan.train --gin_file=$(GIN_FILE) $(ARGS)

test: $(READY)
	@exec $(RUN) -m pytest $(ARGS)

test_all: $(READY)
	@exec $(RUN) -m pytest -m '' $(ARGS)

lint: $(READY)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@exec $(RUN) -m mypy

# uv resolves for every supported Python at once; the environment itself does
# without it.
lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	@UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile --quiet --universal \
	  --no-emit-index-url --no-emit-find-links --extra dev \
	  --python-version 3.10 pyproject.toml --output-file $(LOCK)

# Whether the registry has wheels of what is locked for machines that are not
# here. promise is Python alone and comes as source; faiss starts at macOS 14.
# Macs with Intel processors are not asked for.
OTHER_MACHINES := aarch64-apple-darwin x86_64-pc-windows-msvc \
  aarch64-unknown-linux-gnu x86_64-unknown-linux-gnu

lock_check:
	@command -v uv >/dev/null || { echo 'make lock_check needs uv: pip install uv' >&2; exit 1; }
	@for machine in $(OTHER_MACHINES); do \
	  for version in 3.10 3.11 3.12 3.13; do \
	    MACOSX_DEPLOYMENT_TARGET=14.0 uv pip compile --quiet --no-deps \
	      --only-binary :all: --no-binary promise --python-version $$version \
	      --python-platform $$machine $(LOCK) >/dev/null || exit 1; \
	    echo "$$machine, Python $$version: all packages are there"; \
	  done; \
	done

# The mark is written last and removed first, so that neither a half-made
# environment nor a half-done update passes for a finished one.
$(READY): $(LOCK)
	@if [ -e $(READY) ]; then \
	  echo 'Updating $(VENV) to $(LOCK).'; \
	  rm -f $(READY); \
	else \
	  python=; \
	  for candidate in $(CANDIDATES); do \
	    if $$candidate -c '$(FITS)' >/dev/null 2>&1; then \
	      python=$$candidate; break; \
	    fi; \
	  done; \
	  if [ -z "$$python" ] && [ -n "$(UV)" ]; then \
	    uv=$$(command -v uv) || { \
	      uv=$(UV_ENVIRONMENT)/bin/uv; \
	      python3 -m venv --clear $(UV_ENVIRONMENT) && \
	        $(UV_ENVIRONMENT)/bin/python -m pip install --quiet $(UV_REQUIREMENT); \
	    } || { echo 'UV=1 needs uv: https://docs.astral.sh/uv' >&2; exit 1; }; \
	    $$uv python install $(UV_PYTHON_VERSION) && \
	      python=$$($$uv python find --managed-python $(UV_PYTHON_VERSION)) || { \
	      echo 'uv brings no Python $(UV_PYTHON_VERSION); see what it says above.' >&2; \
	      exit 1; \
	    }; \
	  fi; \
	  if [ -z "$$python" ]; then \
	    offer=; \
	    if command -v uv >/dev/null || python3 -c 'import ensurepip, venv' 2>/dev/null; then \
	      offer=', or let uv bring one: make UV=1'; \
	    fi; \
	    echo "tf_twingan needs a Python from 3.10 to 3.13 (to 3.11 on Macs with Intel processors) with its venv module; found none as: $(strip $(CANDIDATES)). Install one, name it (make PYTHON=/path/to/python3.12)$$offer." >&2; \
	    exit 1; \
	  fi; \
	  echo "Creating $(VENV) with $$($$python --version) and the locked packages:" \
	    '1 to 5 minutes, once, and 2 to 3 GB of disk.'; \
	  $$python -m venv --clear $(VENV) || exit 1; \
	fi; \
	$(RUN) -m pip install --quiet --requirement $(LOCK) || exit 1; \
	touch $(READY)
