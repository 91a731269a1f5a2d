"""Log as JSON lines to stderr. Events are static names, what varies stands in fields."""

from __future__ import annotations

import atexit
import logging
import logging.config
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import orjson
import structlog

from triggerflow_chassis import tracing
from triggerflow_chassis.log_stream import LogStream


def configure(level: str = "info") -> None:
    """Make structlog and the standard library's loggers write the same lines. Call once, at start."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _add_trace_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    stream = _stream()
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
    # Ours that use the standard library: what handlers print belongs into the log.
    logging.getLogger("triggerflow").setLevel(number)


def _stream() -> TextIO:
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError):
        return sys.stderr
    stream = LogStream(descriptor)
    atexit.register(stream.close)
    return cast(TextIO, stream)


@contextmanager
def kept() -> Iterator[None]:
    """Let nobody else configure logging while the block runs: what is imported meanwhile may try to.

    Importing agently sends every line of the process to stdout, uvicorn's line a request included, and stdout is
    where the product says its link.
    """
    configure_by_dict = logging.config.dictConfig
    logging.config.dictConfig = _ignore
    try:
        yield
    finally:
        logging.config.dictConfig = configure_by_dict


def _ignore(config: Any) -> None:
    """Instead of logging.config.dictConfig."""


def _add_trace_id(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    trace_id = tracing.peek()
    if trace_id:
        event.setdefault("trace_id", trace_id)
    return event


def _dumps(event: dict[str, Any], **_rest: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
