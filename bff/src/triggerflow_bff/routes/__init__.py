"""Every path this server answers, in the order the router tries them: the busiest first."""

from __future__ import annotations

from triggerflow_bff.routes import (
    canvas,
    catalogue,
    documents,
    events,
    executions,
    flow_hooks,
    flows,
    health,
    hooks,
    interventions,
    nodes,
    rerun,
    run_node,
    schedules,
    session,
    values,
    versions,
    waits,
)
from triggerflow_bff.table import Resource

ROUTES: tuple[Resource, ...] = (
    *rerun.RESOURCES,
    *interventions.RESOURCES,
    *run_node.RESOURCES,
    *schedules.RESOURCES,
    *executions.RESOURCES,
    *events.RESOURCES,
    *waits.RESOURCES,
    *values.RESOURCES,
    *flows.RESOURCES,
    *nodes.RESOURCES,
    *versions.RESOURCES,
    *hooks.RESOURCES,
    *flow_hooks.RESOURCES,
    *catalogue.RESOURCES,
    *documents.RESOURCES,
    *session.RESOURCES,
    *health.RESOURCES,
    *canvas.RESOURCES,
)
