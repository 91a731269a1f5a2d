"""The Celery application of the mesh: one task, whose message carries execution ids and nothing else.

A message is taken off its queue the moment it is delivered (`ack_emulation` off), so there is no visibility timeout
that could hand a run out twice while it runs, and nothing is restored. What is lost with it, the database remembers.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Final

from celery import Celery
from kombu import Queue

from triggerflow_orchestrator.queue.weights import WeightedCycle

KICK: Final = "triggerflow.kick"

QUEUES: Final[tuple[str, ...]] = ("high", "normal", "low")
"""By priority as it is stored: 0, 1, 2."""

# A Redis that hangs must not hold a thread for long; a BRPOP is answered after one second at the latest.
_SOCKET_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 1.0


def make_app(redis_url: str) -> Celery:
    """The application, without a connection. The same for those who kick and those who are kicked."""
    app = Celery("triggerflow", set_as_current=False, broker=redis_url)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue=QUEUES[1],
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_acks_late=False,
        task_send_sent_event=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_disable_rate_limits=True,
        worker_detect_quorum_queues=False,
        # Of tasks acknowledged late, of which there are none; unset, it warns at each loss.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_enable_prefetch_count_reduction=False,
        # Not a number of messages but the gate (`consumer.py`) says whether another is taken.
        worker_prefetch_multiplier=0,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_CONNECT_SECONDS,
        broker_heartbeat=0,
        # Kombu would speak plainly to a server that the address says speaks TLS.
        broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if redis_url.startswith("rediss:") else False,
        broker_transport_options={
            "ack_emulation": False,
            "queue_order_strategy": WeightedCycle,
            "priority_steps": [0],
            "socket_timeout": _SOCKET_SECONDS,
            "socket_connect_timeout": _CONNECT_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    )
    return app


def add_kick_task(app: Celery, body: Callable[[Sequence[str]], None]) -> None:
    """Register what a kick does. Who only sends needs none."""

    # Shared, which is the default, it would also be the task of every application made later in this process.
    @app.task(name=KICK, ignore_result=True, shared=False)
    def kick(execution_ids: list[str]) -> None:
        body(execution_ids)
