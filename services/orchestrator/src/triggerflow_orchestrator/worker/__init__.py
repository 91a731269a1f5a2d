"""A worker process of the mesh: `python -m triggerflow_orchestrator.worker`."""
