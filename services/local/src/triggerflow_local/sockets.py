"""The two places the server listens at: a TCP port on loopback, and a Unix socket in a folder of its own."""

from __future__ import annotations

import errno
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triggerflow_local.home import SOCKET_FOLDER_PREFIX, CannotStart

# What the kernel takes for the path of a Unix socket.
_MOST_BYTES = 107
_NAME = "grpc.sock"


def open_port(port: int, setting: str = "TFCANVAS_PORT") -> socket.socket:
    """A listening socket at 127.0.0.1. Raises CannotStart, naming the setting, where the port is taken or forbidden."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # For connections of the last server that linger; a port that someone listens at stays taken.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(2_048)
    except OSError as error:
        listening.close()
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise CannotStart(
            f"{setting}: port {port} of 127.0.0.1 {why}. Set {setting} to another one, or to 0 for a free one."
        ) from None
    listening.setblocking(False)
    return listening


@contextmanager
def socket_folder() -> Iterator[Path]:
    """The path for the Unix socket, in a folder that only its owner may enter, removed at the end."""
    room = None
    if len(tempfile.gettempdir().encode()) + len(f"/{SOCKET_FOLDER_PREFIX}xxxxxxxx/{_NAME}") > _MOST_BYTES:
        room = "/tmp"
    with tempfile.TemporaryDirectory(prefix=SOCKET_FOLDER_PREFIX, dir=room, ignore_cleanup_errors=True) as folder:
        yield Path(folder) / _NAME
