# `make` lists the targets, and CONTRIBUTING.md explains them.
#
# Everything is installed into .venv, in the versions of constraints.txt. Stamp files in .venv record what is installed,
# so a second `make` installs nothing. All paths are relative, because the path of the checkout may contain spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-slow coverage fuzz check check-javascript docs site links course size bench quality labels blind mutants models page format package pins clean

# Two processes: each test needs little memory and one thread.
PYTEST_ARGS ?= -n 2 --dist worksteal
UNMEASURED := test_files.py test_bundled_configs.py test_errors.py
# The first of these that is Python 3.11 to 3.13 and has venv. TensorFlow has no packages for later versions yet.
CANDIDATES := python3 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo "$$p" && break; done)

# Only Python files are formatted, because examples in documents may align their comments.
CODE := --exclude '*.md' .

VENV := .venv
VENV_BENCH := .venv-bench
VENV_SITE := .venv-site
RUN := $(VENV)/bin/python
# PIP_USER and PIP_TARGET would make pip install outside of the venv.
PIP_OPTIONS := --quiet --disable-pip-version-check --constraint constraints.txt
PIP := PIP_USER=0 $(VENV)/bin/python -m pip install $(PIP_OPTIONS)
# uv takes a third of pip's time. pip is used if uv fails, if it isn't available, or if pip is configured with an index.
UV := $(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(RUN) --constraint constraints.txt
INSTALL = if $(RUN) -m pip config list | grep index >/dev/null || ! $(UV) --no-build-isolation --editable $(1); then \
	echo "Installing with pip."; $(PIP) --no-build-isolation --editable $(1); fi
EXTRAS := keras,tflite,distributed
EXTRAS_DEV := $(EXTRAS),faker,dev
PIP_BENCH := PIP_USER=0 $(VENV_BENCH)/bin/python -m pip install $(PIP_OPTIONS)
PIP_SITE := PIP_USER=0 $(VENV_SITE)/bin/python -m pip install $(PIP_OPTIONS)
# -n reports references without a target, and -W fails the build after all warnings are printed.
SPHINX := $(VENV_SITE)/bin/python -m sphinx -n -W --keep-going --quiet -d build/site-read -c docs
EXPORT_PAGE = $(VENV)/bin/namegen export-web $$($(RUN) -c "from namegen.models import PAGE_MODELS; print(*PAGE_MODELS)") --learn --force
unexport PIP_TARGET PIP_PREFIX PYTHONHOME PYTHONPATH
# The tests start hundreds of processes, and each of them would compile every module.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo         install namegen, generate people, train on first names, compare the backends"
	@echo "make test         run the tests (PYTEST_ARGS=... for options of pytest)"
	@echo "make test-slow    run the slow tests, including every command in the docs"
	@echo "make coverage     measure how much of the code the tests cover (at least 93%)"
	@echo "make fuzz         attack the readers of files with thousands of forged files (an hour or more)"
	@echo "make check        run linters, formatters and type checkers, and check generated documents"
	@echo "make size         count the files, lines and tokens of each folder"
	@echo "make docs         update the generated documents"
	@echo "make site         build the documentation site, build/site/index.html (a minute)"
	@echo "make links        check the external links of the documents (needs a network)"
	@echo "make course       run the chapters of docs/learn, and write them as notebooks"
	@echo "make bench        compare the speed with PyTorch, JAX and Keras (an hour on a quiet machine;"
	@echo "                  BENCH='gated keras' selects sections; ROUNDS=...)"
	@echo "make quality      compare the networks with n-gram baselines on held-out names (hours; can be"
	@echo "                  stopped and continued; LISTS='mlb-first companies', SEEDS=...)"
	@echo "make labels       compare one model of all origins with a model for each (an hour; LISTS=...)"
	@echo "make blind        update the page about the blind test of names"
	@echo "make mutants      change the code in small ways, and check that a test fails (hours; COUNT=...)"
	@echo "make page         write build/namegen.html, a web page with the built-in models"
	@echo "make models       train the built-in models (minutes)"
	@echo "make format       format the code"
	@echo "make package      build and check the source archive and the wheel, in dist/"
	@echo "make pins         update the pinned versions in constraints.txt"
	@echo "make clean        remove what make created, except for runs/"
	@echo
	@echo "PYTHON=...        the Python (3.11 to 3.13) for .venv"

# Large packages are installed when they are needed, so that the first names appear soon.
demo: $(VENV)/.light
	@echo
	@echo "Six people:"
	@$(VENV)/bin/namegen people -n 6 --quiet
	@echo
	@echo "Training on the first names of baseball players. This takes about 15 seconds."
	@$(VENV)/bin/namegen train mlb-first
	@echo
	@echo "Twenty new names:"
	@$(VENV)/bin/namegen generate -n 20 --quiet
	@echo
	@run=$$(ls -td runs/*/ | head -n 1) && echo "A plot of the training run: $${run}history.png"
	@echo
	@$(MAKE) --no-print-directory --silent $(VENV)/.installed
	@echo
	@echo "Comparing the NumPy and Keras backends on first names. This takes about a minute."
	@$(VENV)/bin/namegen compare-backends mlb-first --quick --out reports/demo
	@echo
	@echo "To see the comparison, open reports/demo/report.html in a browser."
	@echo "For more names, run $(VENV)/bin/namegen generate"

test: $(VENV)/.developing
	$(RUN) -m pytest $(PYTEST_ARGS)

test-slow: $(VENV)/.developing
	$(RUN) -m pytest $(PYTEST_ARGS) -m slow

# Measuring the coverage doubles the time. Tests that check what a process writes or loads would notice it.
coverage: $(VENV)/.developing
	$(RUN) -m pytest $(PYTEST_ARGS) --cov --cov-report= --ignore=tests/harm $(UNMEASURED:%=--ignore=tests/%)
	$(RUN) -m coverage report --skip-covered --fail-under=93

# The environment variable sets the number of tries of each attack: see tests/harm/effort.py.
fuzz: $(VENV)/.developing
	NAMEGEN_FUZZ=1 $(RUN) -m pytest $(PYTEST_ARGS) --timeout 7200 -m 'slow or not slow' tests/harm

check: $(VENV)/.developing
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check $(CODE)
	$(RUN) -m mypy
	$(RUN) docs/tools/make_cli_docs.py --check
	$(RUN) docs/tools/make_default_config.py --check
	$(RUN) docs/tools/make_readme.py --check
	$(RUN) docs/tools/make_original.py --check
	$(RUN) docs/tools/make_lists.py --check
	$(RUN) -m benchmarks.size --check
	$(RUN) -m benchmarks.performance_page --check
	$(RUN) -m benchmarks.quality_page --check
	$(RUN) -m benchmarks.labels_page --check
	$(RUN) -m benchmarks.blind page --check
	$(RUN) -m benchmarks.summary_page --check
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
	$(RUN) docs/tools/make_original.py
	$(RUN) docs/tools/make_lists.py
	$(RUN) docs/tools/make_models.py --cards
	$(RUN) docs/tools/make_module_types.py
	$(RUN) -m benchmarks.performance_page
	$(RUN) -m benchmarks.quality_page
	$(RUN) -m benchmarks.labels_page
	$(RUN) -m benchmarks.blind page
	$(RUN) -m benchmarks.summary_page

# The old build is removed first, so that links to deleted pages are found.
site: $(VENV_SITE)/.installed
	@rm -rf build/site build/site-read
	$(SPHINX) -b html . build/site
	@$(EXPORT_PAGE) --out build/site/namegen.html
	$(RUN) docs/tools/check_site.py build/site
	@echo "Open build/site/index.html in a browser."

# Not part of continuous integration, which has no network access except for packages.
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

page: $(VENV)/.light
	@mkdir -p build
	@$(EXPORT_PAGE) --out build/namegen.html

format: $(VENV)/.developing
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format $(CODE)

# build/ is removed first, because setuptools would include deleted files from it.
package: $(VENV)/.developing
	rm -rf build dist
	$(RUN) -m build --no-isolation --outdir dist .
	$(RUN) .ci/check_package.py dist

clean:
	@echo "Removing the environments, build, dist, *.egg-info and caches."
	@echo "Keeping runs and all other files."
	@rm -rf $(VENV) $(VENV_BENCH) $(VENV_SITE) node_modules build dist *.egg-info .coverage* .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV)/.made:
	@if [ -z '$(PYTHON)' ]; then \
	  echo "make: found no Python 3.11, 3.12 or 3.13 with venv. Install one (on Debian, python3 and python3-venv)," >&2; \
	  echo "or pass its path: make demo PYTHON=/path/to/python3" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) isn't Python 3.11 or later. Pass another one with PYTHON=..." >&2; exit 1; }
	@echo "Creating $(VENV) with $$("$(PYTHON)" --version)."
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

# The build backend is installed first and used without isolation, so that it is pinned too.
$(VENV)/.tools: pyproject.toml constraints.txt $(VENV)/.made
	@$(PIP) setuptools wheel
	@$(PIP) uv || true
	@touch $@

$(VENV)/.light: $(VENV)/.tools
	@echo "Installing namegen. This takes up to half a minute."
	@$(call INSTALL,.)
	@touch $@

$(VENV)/.installed: $(VENV)/.tools
	@echo "Installing Keras, TensorFlow and the other extras. This takes about a minute."
	@$(call INSTALL,'.[$(EXTRAS)]')
	@touch $(VENV)/.light $@

$(VENV)/.developing: $(VENV)/.tools
	@echo "Installing all extras and the development tools. This takes about a minute."
	@$(call INSTALL,'.[$(EXTRAS_DEV)]')
	@touch $(VENV)/.light $(VENV)/.installed $@

# The other libraries of the speed benchmark are large, so they get an environment of their own on top of .venv.
# If pip is configured to find CPU builds of PyTorch, that saves gigabytes.
$(VENV_BENCH)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	@echo "Installing PyTorch, JAX and a list of names for the benchmark. This takes minutes."
	@rm -rf $(VENV_BENCH)
	@$(RUN) -m venv $(VENV_BENCH)
	@$(VENV_BENCH)/bin/python benchmarks/on_top_of.py $(VENV)
	@$(PIP_BENCH) setuptools wheel
	@$(PIP_BENCH) --no-build-isolation --editable '.[keras,tflite,bench]'
	@$(PIP_BENCH) --no-build-isolation --no-deps --editable examples/transformer_engine
	@touch $@

# Only the documentation needs Sphinx, so it also gets an environment on top of .venv.
$(VENV_SITE)/.installed: pyproject.toml constraints.txt $(VENV)/.installed
	@echo "Installing Sphinx and its extensions. This takes about half a minute."
	@rm -rf $(VENV_SITE)
	@$(RUN) -m venv $(VENV_SITE)
	@$(VENV_SITE)/bin/python benchmarks/on_top_of.py $(VENV)
	@$(PIP_SITE) setuptools wheel && \
	  $(PIP_SITE) --no-build-isolation --editable '.[keras,tflite,faker,site]' || { \
	  echo "make: pip could not install Sphinx, MyST-NB and Furo, which build the documentation. See the error above." >&2; \
	  exit 1; }
	@touch $@

# ESLint and TypeScript, under the exact versions of package-lock.json.
node_modules/.installed: package.json package-lock.json .npmrc
	@echo "Installing the tools for the JavaScript checks. This takes a few seconds."
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
	@echo "Updated constraints.txt. Now run make test."
