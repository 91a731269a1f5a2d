# Tests and benches.

.PHONY: test test-python test-web test-mesh test-mesh-contract test-mesh-parts test-mesh-whole test-browser test-crash bench bench-mesh

test: setup test-web test-python ## Run every test but the browser's

test-python: setup-python
	$(VENV)/bin/pytest tests --ignore=tests/e2e --ignore=tests/mesh

test-mesh: setup setup-servers test-mesh-contract test-mesh-parts test-mesh-whole ## Contract, integration and fault suites on the real servers

test-mesh-contract: setup-servers ## Ports over SQLite and PostgreSQL, in-process bus and Kafka, files and S3; upgrades
	$(VENV)/bin/pytest tests/contract tests/grpc/registry tests/faults/postgres tests/integration/upgrades

test-mesh-parts: setup-servers ## What needs servers or many processes: workers, edge, events, objects, supervisor, faults
	$(VENV)/bin/pytest tests/mesh

# What one process is asked from outside, the mesh is asked too. Start-up and files have suites of their own.
test-mesh-whole: setup setup-servers ## The black-box suites, through Envoy
	TEST_PRODUCT=mesh $(VENV)/bin/pytest tests/integration/executions tests/integration/events tests/integration/rest \
	  tests/integration/grpc_surface tests/integration/security tests/integration/handlers tests/integration/examples tests/integration/hooks

test-web: canvas-web/node_modules/.installed
	cd canvas-web && npm run --silent test

test-browser: setup ## The whole story in headless Chromium (E2E_SHOTS=folder keeps pictures)
	node --test --test-reporter=spec tests/e2e/*.test.mjs

test-crash: setup ## kill -9 at 20 seeded moments and in each kind of going on and waiting (CRASH_MOMENTS, CRASH_SEED)
	$(VENV)/bin/pytest tests/faults/crash

bench: setup ## Print every figure (ONLY="w1 memory")
	$(PY) bench $(ONLY)

bench-mesh: setup setup-servers ## Print every figure of the mesh (ONLY="w1 recovery", MESH_HOME=folder of one that runs)
	$(PY) bench/mesh $(if $(MESH_HOME),--home $(MESH_HOME)) $(ONLY)
