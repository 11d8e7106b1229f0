# make lab     install the course and open it in JupyterLab
# make test    install what the tests need, then lint, tests, notebooks, a real browser
# make gallery write all explainers into one page and one contact sheet, in build/
# make bench   print the benchmarks' figures
# make gpu-check  what only a real GPU can show: same numbers, speed, memory, learning
# make clean   remove the environment and everything that was built
#
# Set on the command line, such as `make lab PORT=9000 LABFLAGS=--no-browser`:
PYTHON      ?= python3
VENV        ?= .venv
PORT        ?= 8888
LABFLAGS    ?=
PYTESTFLAGS ?=
# Where to take torch and torchvision from, if not from where pip takes everything else.
TORCH_INDEX ?=
# Real photographs with masks, for the tests and benchmarks that ask for them.
SEGVIZ_DATA ?= $(abspath ../shared/data)
export SEGVIZ_DATA

BIN       := $(VENV)/bin
# Jupyter refuses to run as root (in a container, say) unless told that this is meant.
ALLOW_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test gallery bench gpu-check clean

lab: $(VENV)/.lab
	@echo "Trusting the course's own notebooks, so that Lab shows their explorers before they are run."
	@$(BIN)/python -m jupyter trust course/*.ipynb >/dev/null
	@echo "Opening JupyterLab in course/ on port $(PORT). Ctrl-C here ends it."
	$(BIN)/python -m jupyterlab --notebook-dir=course --port=$(PORT) $(ALLOW_ROOT) $(LABFLAGS)

test: $(VENV)/.test
	$(BIN)/python -m ruff check
	$(BIN)/python -m pytest $(PYTESTFLAGS)

gallery: $(VENV)/.test
	@mkdir -p build
	$(BIN)/python -m segviz.gallery build/gallery.html
	$(BIN)/python tests/browser/contact_sheet.py build/explainers.png

bench: $(VENV)/.test
	@for script in tests/benchmarks/*.py; do \
		echo "== $$script"; \
		$(BIN)/python $$script || exit 1; \
	done

gpu-check: $(VENV)/.lab
	$(BIN)/python tests/gpu/gpu_check.py $(GPUFLAGS)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache

define WHAT_HAPPENS
Installing the course into $(VENV). This happens once, and again when pyproject.toml changes.
On Linux, pip's usual torch comes with CUDA: the first time downloads several GB. Without an
NVIDIA card the CPU build is enough. The "Get started" page of PyTorch's web site shows its index
address; press Ctrl-C and run:  make lab TORCH_INDEX=that-address
endef
export WHAT_HAPPENS

define INSTALL
	@echo "$$WHAT_HAPPENS"
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --index-url $(TORCH_INDEX) torch torchvision)
	$(BIN)/python -m pip install -e '.[$(1)]'
endef

# Each stamp is written after all commands above it succeeded: what was interrupted is simply
# done again.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "The course needs Python 3.11 or newer, and $(PYTHON) is" \
			"$$($(PYTHON) --version 2>/dev/null || echo not there)." \
			"Name another one: make lab PYTHON=python3.12"; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.lab: pyproject.toml segviz/explorer/lab_settings.json | $(VENV)/.python
	$(call INSTALL,lab)
	@touch $@

# What the tests need includes what the lab needs.
$(VENV)/.test: pyproject.toml segviz/explorer/lab_settings.json | $(VENV)/.python
	$(call INSTALL,test)
	$(BIN)/python tests/browser/chromium.py
	@touch $(VENV)/.lab $@
