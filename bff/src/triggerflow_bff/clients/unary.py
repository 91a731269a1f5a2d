"""Make one gRPC call: always with a deadline, and its failure as the error it was at the other side."""

from __future__ import annotations

from typing import Any

import grpc.aio
from triggerflow_chassis.errors import ServiceError, Unavailable
from triggerflow_chassis.grpc.status import from_rpc_error


async def unary(method: Any, request: Any, seconds: float) -> Any:
    """The answer. Raises ServiceError; token and trace id are the channel's business (`open_channel`)."""
    try:
        return await method(request, timeout=seconds)
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    except grpc.aio.UsageError:
        raise gone() from None


def gone() -> ServiceError:
    """What a call on a closed channel means: this process is stopping."""
    return Unavailable("The server is stopping. Try again.")
