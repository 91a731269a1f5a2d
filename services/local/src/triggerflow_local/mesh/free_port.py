"""Ports of 127.0.0.1 that nobody uses.

Not those the system gives out by itself: such a port, free while its server is started again, may be taken by any
outgoing connection, and a client that keeps trying it may even reach itself.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

_LEAST = 10_240
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 200


def free_port() -> int:
    """A port that is free now. Raises OSError where none is found."""
    first = _first_given_out()
    for _ in range(_TRIES):
        port = random.randrange(_LEAST, first)
        if is_free(port):
            return port
    raise OSError(f"no free port between {_LEAST} and {first} of 127.0.0.1")


def is_free(port: int) -> bool:
    """Whether a server could listen at a port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _first_given_out() -> int:
    try:
        first = int(_RANGE.read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return first if first > _LEAST + 1_000 else 32_768
