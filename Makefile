# namegen. `make` alone says what there is; CONTRIBUTING.md says more.
#
# Everything is installed into .venv under the exact versions of constraints.txt. Stamp files in .venv say what is
# installed already, so a second `make` does nothing again. Every path is relative: the folder's own path may hold spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-slow coverage harm fuzz check check-javascript docs site links course size bench quality labels blind mutants models page format package constraints clean

# Two processes: the tests take little memory and each of them one thread.
PYTEST_ARGS ?= -n 2 --dist worksteal
UNMEASURED := test_files.py test_bundled_configs.py test_errors.py
# The first of these that is Python 3.11 to 3.13 (TensorFlow has no packages for later ones yet) and can make a venv.
CANDIDATES := python3 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo "$$p" && break; done)

# Python files alone: examples in documents may line their comments up.
CODE := --exclude '*.md' .

VENV := .venv
VENV_BENCH := .venv-bench
VENV_SITE := .venv-site
RUN := $(VENV)/bin/python
# A pip that is told elsewhere to install for one user or into one folder would miss the venv.
PIP_OPTIONS := --quiet --disable-pip-version-check --constraint constraints.txt
PIP := PIP_USER=0 $(VENV)/bin/python -m pip install $(PIP_OPTIONS)
# uv takes a third of pip's time. pip does it where uv fails, or cannot be had, or where pip is told of an index of its own.
UV := $(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(RUN) --constraint constraints.txt
INSTALL = if $(RUN) -m pip config list | grep index >/dev/null || ! $(UV) --no-build-isolation --editable $(1); then \
	echo "Installing with pip."; $(PIP) --no-build-isolation --editable $(1); fi
EXTRAS := keras,tflite,distributed
EXTRAS_DEV := $(EXTRAS),faker,dev
PIP_BENCH := PIP_USER=0 $(VENV_BENCH)/bin/python -m pip install $(PIP_OPTIONS)
PIP_SITE := PIP_USER=0 $(VENV_SITE)/bin/python -m pip install $(PIP_OPTIONS)
# -n: a reference that leads nowhere is a warning, -W: and a warning fails the build, when all of them have been told.
SPHINX := $(VENV_SITE)/bin/python -m sphinx -n -W --keep-going --quiet -d build/site-read -c docs
unexport PIP_TARGET PIP_PREFIX PYTHONHOME PYTHONPATH
# The tests start hundreds of processes, each of which would compile every module.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo         install, invent people, train on first names, print new ones, compare the engines"
	@echo "make test         the tests (PYTEST_ARGS=... for pytest's options)"
	@echo "make test-slow    the tests that take long and are not among those"
	@echo "make coverage     how much of the code the tests take, 93 % at least; some minutes"
	@echo "make harm         the attacks, as continuous integration runs them (a minute)"
	@echo "make fuzz         the attacks at length (an hour or more): 10,000 tries for each reader of files"
	@echo "make check        lint, formatting, types, and whether generated documents are up to date"
	@echo "make size         files, lines, tokens and tokens per line of each folder"
	@echo "make docs         write the generated documents anew"
	@echo "make site         build the documentation as a site, build/site/index.html (a minute, without a network)"
	@echo "make links        ask every external link of the documents (needs the network; nothing else does)"
	@echo "make course       run the chapters of docs/learn, and write them as notebooks"
	@echo "make bench        measure speed beside PyTorch, JAX and Keras (an hour, on a quiet machine;"
	@echo "                  BENCH='gated keras': these sections alone; ROUNDS=...)"
	@echo "make quality      how well networks foretell names, beside counting (hours; it can be stopped and goes on;"
	@echo "                  LISTS='mlb-first companies': these alone; SEEDS=...)"
	@echo "make labels       one model of all origins beside a model of each (an hour; LISTS=...)"
	@echo "make blind        compute the table of the blind test of names (python -m benchmarks.blind makes sheets)"
	@echo "make mutants      small mistakes, one at a time: does a test notice? (hours; COUNT=...)"
	@echo "make page         write build/namegen.html: the shipped models as one page for a browser"
	@echo "make models       train the shipped models anew (minutes)"
	@echo "make format       format the code"
	@echo "make package      build the source archive, and from it the wheel, into dist/; check both"
	@echo "make pins  resolve the pinned versions anew"
	@echo "make clean        remove what make has made; never runs/"
	@echo
	@echo "PYTHON=...        which Python 3.11 or later .venv is made with"

# What is large is installed when it is needed, so that names come first.
demo: $(VENV)/.light
	@echo
	@echo "Six invented people:"
	@$(VENV)/bin/namegen people -n 6 --quiet
	@echo
	@echo "Training on the first names of baseball players; a quarter of a minute on idle cores."
	@$(VENV)/bin/namegen train mlb-first
	@echo
	@echo "Twenty new names:"
	@$(VENV)/bin/namegen generate -n 20 --quiet
	@echo
	@run=$$(ls -td runs/*/ | head -n 1) && echo "The plot of the training: $${run}history.png"
	@echo
	@$(MAKE) --no-print-directory $(VENV)/.installed
	@echo
	@echo "Comparing the engines, NumPy from scratch and Keras, on first names; a minute or so on idle cores."
	@$(VENV)/bin/namegen compare-backends mlb-first --quick --out reports/demo
	@echo
	@echo "Open reports/demo/report.html in a browser."
	@echo "More names:               $(VENV)/bin/namegen generate"

test: $(VENV)/.developing
	$(RUN) -m pytest $(PYTEST_ARGS)

test-slow: $(VENV)/.developing
	$(RUN) -m pytest $(PYTEST_ARGS) -m slow

# Measuring takes twice as long as the tests. Some of them look at all that a process writes or loads, so at that, too.
coverage: $(VENV)/.developing
	$(RUN) -m pytest $(PYTEST_ARGS) --cov --cov-report= --ignore=tests/harm $(UNMEASURED:%=--ignore=tests/%)
	$(RUN) -m coverage report --skip-covered --fail-under=93

# The environment variable says how many tries each attack has: tests/harm/defaults.py.
harm: $(VENV)/.developing
	NAMEGEN_HARM=landing $(RUN) -m pytest $(PYTEST_ARGS) tests/harm

fuzz: $(VENV)/.developing
	NAMEGEN_HARM=hour $(RUN) -m pytest $(PYTEST_ARGS) --timeout 7200 -m 'slow or not slow' tests/harm

check: $(VENV)/.developing
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check $(CODE)
	$(RUN) -m mypy
	$(RUN) docs/tools/make_cli_docs.py --check
	$(RUN) docs/tools/make_default_config.py --check
	$(RUN) docs/tools/make_readme.py --check
	$(RUN) docs/tools/make_results.py --check
	$(RUN) docs/tools/make_lists.py --check
	$(RUN) -m benchmarks.size --check
	$(RUN) -m benchmarks.performance_page --check
	$(RUN) -m benchmarks.quality_page --check
	$(RUN) -m benchmarks.labels_page --check
	$(RUN) -m benchmarks.blind page --check
	$(RUN) docs/tools/make_models.py --check
	@$(MAKE) --no-print-directory check-javascript

# Continuous integration has Node and npm. Elsewhere the checks are skipped without them.
check-javascript: $(VENV)/.developing
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
	  $(MAKE) --no-print-directory --silent node_modules/.installed && npm run --silent check && \
	  $(RUN) docs/tools/make_module_types.py --check; \
	elif [ -n "$$CI" ]; then \
	  echo "make: Node and npm are not installed, and continuous integration needs them for the JavaScript checks" >&2; exit 1; \
	else echo "Skipping the JavaScript checks, because Node and npm are not installed."; fi

size: $(VENV)/.installed
	@$(RUN) -m benchmarks.size

docs: $(VENV)/.installed
	$(RUN) docs/tools/make_cli_docs.py
	$(RUN) docs/tools/make_default_config.py
	$(RUN) docs/tools/make_readme.py
	$(RUN) docs/tools/make_results.py
	$(RUN) docs/tools/make_lists.py
	$(RUN) docs/tools/make_models.py --cards
	$(RUN) docs/tools/make_module_types.py
	$(RUN) -m benchmarks.performance_page
	$(RUN) -m benchmarks.quality_page
	$(RUN) -m benchmarks.labels_page
	$(RUN) -m benchmarks.blind page

# What an earlier build has left is taken away first, so that a page that is gone is missed.
site: $(VENV_SITE)/.installed
	@rm -rf build/site build/site-read
	$(SPHINX) -b html . build/site
	$(RUN) docs/tools/check_site.py build/site
	@echo "Open build/site/index.html in a browser."

# Not a part of continuous integration, which reaches no server but a package index.
links: $(VENV_SITE)/.installed
	@rm -rf build/site-read
	$(SPHINX) -b linkcheck -D nb_execution_mode=off . build/links

course: $(VENV_SITE)/.installed
	$(VENV_SITE)/bin/python docs/tools/make_course.py

bench: $(VENV_BENCH)/.installed
	$(VENV_BENCH)/bin/python -m benchmarks.bench $(if $(BENCH),--only $(BENCH)) $(if $(ROUNDS),--rounds $(ROUNDS))
	$(RUN) -m benchmarks.performance_page

quality: $(VENV_BENCH)/.installed
	$(VENV_BENCH)/bin/python -m benchmarks.quality $(if $(LISTS),--lists $(LISTS)) $(if $(SEEDS),--seeds $(SEEDS))
	$(RUN) -m benchmarks.quality_page

labels: $(VENV_BENCH)/.installed
	$(VENV_BENCH)/bin/python -m benchmarks.labels $(if $(LISTS),--lists $(LISTS)) $(if $(SEEDS),--seeds $(SEEDS))
	$(RUN) -m benchmarks.labels_page

blind: $(VENV)/.installed
	$(RUN) -m benchmarks.blind page

mutants: $(VENV)/.developing
	$(PIP) cosmic-ray
	$(RUN) -m benchmarks.mutants $(if $(COUNT),--count $(COUNT))

models: $(VENV)/.installed
	$(RUN) docs/tools/make_base.py
	$(RUN) docs/tools/make_models.py

page: $(VENV)/.installed
	@mkdir -p build
	@$(VENV)/bin/namegen export-web $$($(RUN) -c "from namegen.models import SHIPPED; print(*SHIPPED)") --out build/namegen.html --force

format: $(VENV)/.developing
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format $(CODE)

# Without the old build/, from which setuptools would take files that are gone since.
package: $(VENV)/.developing
	rm -rf build dist
	$(RUN) -m build --no-isolation --outdir dist .
	$(RUN) .ci/check_package.py dist

clean:
	@echo "Removing .venv, .venv-bench, .venv-site, node_modules, build, dist, *.egg-info, and the caches of Python, pytest, Hypothesis, mypy and ruff."
	@echo "Left alone: runs, and every other file."
	@rm -rf $(VENV) $(VENV_BENCH) $(VENV_SITE) node_modules build dist *.egg-info .coverage* .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV)/.made:
	@if [ -z '$(PYTHON)' ]; then \
	  echo "make: found no Python 3.11, 3.12 or 3.13 that can make a venv: install one (on Debian python3 and" >&2; \
	  echo "python3-venv), or name it: make demo PYTHON=/path/to/python3" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is no Python of version 3.11 or later: name another with PYTHON=..." >&2; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)."
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

# The build backend is installed first and used without isolation, so that it is pinned as well.
$(VENV)/.tools: pyproject.toml constraints.txt $(VENV)/.made
	@$(PIP) setuptools wheel
	@$(PIP) uv || true
	@touch $@

$(VENV)/.light: $(VENV)/.tools
	@echo "Installing namegen; half a minute at most."
	@$(call INSTALL,.)
	@touch $@

$(VENV)/.installed: $(VENV)/.tools
	@echo "Installing namegen with the extras keras, tflite and distributed; a minute or so, TensorFlow is large."
	@$(call INSTALL,'.[$(EXTRAS)]')
	@touch $(VENV)/.light $@

$(VENV)/.developing: $(VENV)/.tools
	@echo "Installing namegen with all its extras and the tools for developing; a minute or so, TensorFlow is large."
	@$(call INSTALL,'.[$(EXTRAS_DEV)]')
	@touch $(VENV)/.light $(VENV)/.installed $@

# What speed is measured against is large and needed for nothing else: an environment on top of .venv takes it in, and
# .venv stays as it is. A pip that is configured to find builds for the processor alone saves gigabytes.
$(VENV_BENCH)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	@echo "Installing what speed is measured against: PyTorch, JAX and a list of names; some minutes, they are large."
	@rm -rf $(VENV_BENCH)
	@$(RUN) -m venv $(VENV_BENCH)
	@$(VENV_BENCH)/bin/python benchmarks/on_top_of.py $(VENV)
	@$(PIP_BENCH) setuptools wheel
	@$(PIP_BENCH) --no-build-isolation --editable '.[keras,tflite,bench]'
	@$(PIP_BENCH) --no-build-isolation --no-deps --editable examples/transformer_engine
	@touch $@

# Sphinx and what runs notebooks are needed for the documentation alone: as above, an environment on top of .venv.
$(VENV_SITE)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	@echo "Installing what builds the documentation: Sphinx, MyST-NB, Furo; half a minute."
	@rm -rf $(VENV_SITE)
	@$(RUN) -m venv $(VENV_SITE)
	@$(VENV_SITE)/bin/python benchmarks/on_top_of.py $(VENV)
	@$(PIP_SITE) setuptools wheel && \
	  $(PIP_SITE) --no-build-isolation --editable '.[keras,tflite,faker,site]' || { \
	  echo "make: the documentation needs Sphinx, MyST-NB and Furo, and pip could not install them: it says why above." >&2; \
	  exit 1; }
	@touch $@

# ESLint and TypeScript, under the exact versions of package-lock.json.
node_modules/.installed: package.json package-lock.json .npmrc
	@echo "Installing the tools for the JavaScript checks; some seconds."
	@npm ci --silent --ignore-scripts
	@touch $@

pins:
	@rm -rf build/resolve && mkdir -p build
	@python3.11 -m venv build/resolve
	@PIP_USER=0 build/resolve/bin/python -m pip install --quiet --disable-pip-version-check setuptools wheel uv
	@PIP_USER=0 build/resolve/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
	  '.[$(EXTRAS_DEV),site]' cosmic-ray
	@{ grep '^#' constraints.txt; build/resolve/bin/python -m pip freeze --all | grep -iv '^namegen[-_]rnn\|^pip=='; } > build/new
	@mv build/new constraints.txt && rm -rf build/resolve
	@echo "constraints.txt is new: run make test."
