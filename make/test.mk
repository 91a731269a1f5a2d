# Tests and benches.

.PHONY: test test-python test-web test-mesh test-browser test-crash bench

test: setup test-web test-python ## Run every test but the browser's

test-python: setup-python
	$(VENV)/bin/pytest tests --ignore=tests/e2e --ignore=tests/mesh

test-mesh: setup-servers ## What needs the servers of the mesh, or many processes
	$(VENV)/bin/pytest tests/mesh

test-web: canvas-web/node_modules/.installed
	cd canvas-web && npm run --silent test

test-browser: setup ## The whole story in headless Chromium (E2E_SHOTS=folder keeps pictures)
	node --test --test-reporter=spec tests/e2e/*.test.mjs

test-crash: setup ## kill -9 at 20 seeded moments (CRASH_MOMENTS, CRASH_SEED)
	$(VENV)/bin/pytest tests/faults/crash

bench: setup ## Print every figure (ONLY="w1 memory")
	$(PY) bench $(ONLY)
