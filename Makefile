# TriggerFlow Canvas. `make` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bootstrap/bin/uv
OURS := proto/gen services/chassis services/registry services/orchestrator services/stream services/local bff \
        adapters/sdk adapters/core adapters/http adapters/python
OUR_NAMES := triggerflow-protos triggerflow-chassis triggerflow-registry triggerflow-orchestrator triggerflow-stream \
        triggerflow-local triggerflow-bff triggerflow-adapter-sdk triggerflow-adapter-core triggerflow-adapter-http \
        triggerflow-adapter-python
PYTHON ?= python3

include make/setup.mk make/check.mk make/test.mk make/run.mk make/mesh.mk

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
