# Static checks.

.PHONY: check check-python check-proto check-web check-locks

check: check-python check-proto check-web check-locks ## Lint, types, import rules, protos, locks

check-python: setup-python
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

check-proto: setup-python
	$(VENV)/bin/buf lint
	$(VENV)/bin/buf format --diff --exit-code
	$(VENV)/bin/buf breaking --against proto/baseline.binpb
	$(PY) proto/generate.py --check

check-web: canvas-web/node_modules/.installed
	cd canvas-web && npm run --silent lint && npm run --silent typecheck

check-locks:
	@if grep -nE 'https?://|--(extra-)?index-url|"resolved"' requirements.lock requirements-mesh.lock make/uv.lock canvas-web/package-lock.json; then echo "a lock file names a registry host"; exit 1; fi
