# The product as many processes, with the servers it stands on.

.PHONY: mesh mesh-reset

WORKERS ?= 2

mesh: setup setup-servers ## Start the mesh at http://127.0.0.1:8484/ (WORKERS, TFCANVAS_PORT, TFCANVAS_GRPC_PORT, TFCANVAS_HOME)
	@# exec: the shell steps aside, so that Ctrl-C and SIGTERM reach the supervisor itself.
	@exec $(VENV)/bin/tfcanvas mesh up --workers $(WORKERS)

mesh-reset: setup-python ## Delete what the mesh has kept in $$TFCANVAS_HOME/mesh
	@$(VENV)/bin/tfcanvas mesh reset --yes

.PHONY: soak

soak: setup setup-servers ## Flows run for 20 minutes while everything is killed at random (SOAK_MINUTES, SOAK_SEED, SOAK_WORKERS, SOAK_RATE)
	$(PY) tests/soak
