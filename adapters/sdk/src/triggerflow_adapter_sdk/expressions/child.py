"""The process in which expressions run: one request at a time from a socket at descriptor 0, until it closes.

Started as a file of its own, so that it imports nothing of ours and is up in tens of milliseconds. It limits its own
memory; the parent watches the clock and kills it. A frame is two big-endian lengths and two byte strings: a request's
are `language + text` and the JSON of the variables, an answer's are a verdict (`ok`, `error`) and JSON or a message.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

MEMORY_LIMIT = 256 * 1024 * 1024
# Past this even a child whose parent died while it ran in circles is ended, by the kernel.
ALARM_SECONDS = 3.0
CACHE_SIZE = 256

# Beyond it a double cannot hold every integer.
EXACT = 2**53
# jsonatapy clips a whole result beyond 64 bits to this; an input cannot hold it on that way (see `_is_exact`).
CLIPPED = 2**63 - 1

_exact_engine: Any = None

_HEADER = struct.Struct(">II")


def _is_exact(value: Any) -> bool:
    """Whether every integer inside survives being a double."""
    if type(value) is int:
        return -EXACT <= value <= EXACT or (abs(value) < 2**63 - 1024 and int(float(value)) == value)
    if type(value) is dict:
        return all(map(_is_exact, value.values()))
    if type(value) is list:
        return all(map(_is_exact, value))
    return True


def _result(value: Any) -> Any:
    """A result as JSON: functions are nothing, whole doubles beyond 64 bits stay doubles, infinity is an error."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return float(value) if value >= CLIPPED or value < -(2**63) else value
    if kind is float:
        if not math.isfinite(value):
            raise ValueError("D1001: the result holds a number out of range")
        return value
    if isinstance(value, dict):
        return {str(key): _result(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_result(item) for item in value]
    return None


def _refuse_eval(*_: Any) -> Any:
    raise ValueError("$eval is refused")


def _encode_url(text: Any) -> Any:
    return quote(text, safe=";,/?:@&=+$-_.!~*'()#") if isinstance(text, str) else None


def _compile_jsonata(text: str) -> Callable[[Any], Any]:
    import jsonatapy

    compiled = jsonatapy.compile(text)
    # jsonatapy 2.2 knows the names $random and $clone and no function behind them, and leaves blanks in a URL.
    compiled.register_override("random", random.random)
    compiled.register_override("clone", lambda value: value)
    compiled.register_override("encodeUrl", _encode_url)
    compiled.register_override("eval", _refuse_eval)
    exact: list[Any] = []

    def evaluate(inputs: Any) -> Any:
        if _is_exact(inputs):
            return _result(compiled.evaluate(inputs))
        if not exact:
            exact.append(_compile_exact(text))
        return exact[0](inputs)

    return evaluate


def _compile_exact(text: str) -> Callable[[Any], Any]:
    """The slower engine, which keeps integers that no double can hold."""
    global _exact_engine
    if _exact_engine is None:
        path = Path(__file__).with_name("exact_engine.py")
        spec = importlib.util.spec_from_file_location("exact_engine", path)
        assert spec is not None
        assert spec.loader is not None
        _exact_engine = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(_exact_engine)
    compiled = _exact_engine.compile_exact(text, _refuse_eval)
    return lambda inputs: _exact_result(compiled(inputs))


def _exact_result(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return float(value) if not -(2**63) <= value < 2**63 else value
    if isinstance(value, dict):
        return {str(key): _exact_result(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact_result(item) for item in value]
    return _result(value)


def _compile_cel(text: str) -> Callable[[Any], Any]:
    from cel_expr_python import cel

    # "names" comes first, then the expression: the variables are part of what is compiled.
    names, _, expression = text.partition("\n")
    environment = cel.NewEnv(variables=dict.fromkeys(names.split(","), cel.Type.DYN))
    try:
        compiled = environment.compile(expression)
    except RuntimeError as refused:
        if "no matching overload" not in str(refused):
            raise
        compiled = environment.compile(expression, disable_check=True)

    def evaluate(variables: Any) -> Any:
        result = compiled.eval(data=variables)
        kind = result.type().name()
        if kind == "ERROR":
            raise ValueError(str(result.value()))
        return {"type": kind, "value": result.value() if kind in ("BOOL", "STRING", "INT", "DOUBLE") else None}

    return evaluate


_COMPILERS = {"j": _compile_jsonata, "c": _compile_cel}


def answer(cache: dict[str, Callable[[Any], Any]], head: str, body: bytes) -> tuple[bytes, bytes]:
    """Evaluate once. Never raises but for MemoryError at the very worst, which ends the process."""
    try:
        evaluate = cache.get(head)
        if evaluate is None:
            evaluate = _COMPILERS[head[0]](head[1:])
            if len(cache) >= CACHE_SIZE:
                cache.pop(next(iter(cache)))
            cache[head] = evaluate
        text = json.dumps(evaluate(json.loads(body)), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return b"ok", text.encode()
    except MemoryError:
        return b"error", b"the expression needs more than 256 MiB"
    except RecursionError:
        return b"error", b"the expression nests too deeply"
    except Exception as failure:
        return b"error", (str(failure) or type(failure).__name__).encode(errors="replace")[:4_096]


def _receive(connection: socket.socket, size: int) -> bytearray | None:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        count = connection.recv_into(view[at:])
        if count == 0:
            return None
        at += count
    return data


def _data_size() -> int:
    """What the limit counts before any expression ran, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines() if sys.platform == "linux" else ():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Serve the parent until it goes."""
    # Ctrl-C reaches the whole process group; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import jsonatapy  # noqa: F401  loaded before the limit, which counts what an expression adds

    limit = MEMORY_LIMIT + _data_size()
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = socket.socket(fileno=os.dup(0))
    connection.sendall(b"+")
    cache: dict[str, Callable[[Any], Any]] = {}
    while True:
        header = _receive(connection, _HEADER.size)
        if header is None:
            return
        head_size, body_size = _HEADER.unpack(header)
        head, body = _receive(connection, head_size), _receive(connection, body_size)
        if head is None or body is None:
            return
        signal.setitimer(signal.ITIMER_REAL, ALARM_SECONDS)
        verdict, result = answer(cache, head.decode(), bytes(body))
        signal.setitimer(signal.ITIMER_REAL, 0)
        del body
        try:
            connection.sendall(_HEADER.pack(len(verdict), len(result)) + verdict + result)
        except OSError:  # the parent went while this was running
            return


if __name__ == "__main__":
    sys.setrecursionlimit(2_000)
    main()
