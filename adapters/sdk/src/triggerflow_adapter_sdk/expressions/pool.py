"""A small pool of processes for expressions: 500 ms and 256 MiB each, then killed and replaced.

A child gets one socket (as its standard input) and an empty environment: it has no descriptor, secret or connection of
ours, and ends when that socket closes, so it cannot outlive this process. Children start at the first expression that
needs one and go after a minute without work.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

import orjson

from triggerflow_adapter_sdk.errors import ExpressionFailed

TIME_LIMIT = 0.5
_START_LIMIT = 20.0
_IDLE_SECONDS = 60.0
_HEADER = struct.Struct(">II")
_SCRIPT = Path(__file__).with_name("child.py")

_log = logging.getLogger(__name__)


class _Child:
    """One process. Used by one request at a time; not reused after any failure of its connection."""

    __slots__ = ("_process", "_socket", "idle_since")

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self._process = process
        self._socket = connection
        self.idle_since = 0.0

    @classmethod
    async def start(cls) -> _Child:
        ours, theirs = socket.socketpair()
        with theirs:
            # -I: neither the environment nor the current folder decides what it imports; site-packages stay.
            process = subprocess.Popen(  # noqa: ASYNC220  a vfork; waiting for it below is what takes time
                [sys.executable, "-I", str(_SCRIPT)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Without the second, the engine's allocator reserves 1 GiB that the memory limit would count.
                env={"LANG": "C.UTF-8", "MIMALLOC_ARENA_RESERVE": "0"},
                cwd="/",
                close_fds=True,
            )
        ours.setblocking(False)
        child = cls(process, ours)
        try:
            async with asyncio.timeout(_START_LIMIT):
                if await child._receive(1) != b"+":
                    raise ConnectionResetError
        except BaseException:
            child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it at once. Reaping a killed process may take a moment while its memory is freed: off the loop."""
        self._socket.close()
        self._process.kill()
        threading.Thread(target=self._process.wait, name="expression-reaper", daemon=True).start()

    def stop(self) -> None:
        """End it and wait for it: for the clean stop, when nothing else runs."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    async def _receive(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            count = await loop.sock_recv_into(self._socket, view[at:])
            if count == 0:
                raise ConnectionResetError
            at += count
        return bytes(data)

    async def ask(self, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, _HEADER.pack(len(head), len(body)) + head + body)
        verdict, result = _HEADER.unpack(await self._receive(_HEADER.size))
        answer = await self._receive(verdict + result)
        return answer[:verdict], answer[verdict:]


class ExpressionPool:
    """At most `size` children, for one event loop."""

    def __init__(self, size: int | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._size = size or min(4, max(2, os.cpu_count() or 2))
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._starting = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The processes it has now."""
        return [child.pid for child in (*self._idle, *self._busy)]

    async def evaluate(self, language: str, text: str, variables: Any) -> Any:
        """The value of a JSONata (`j`) or CEL (`c`) expression. Raises ExpressionFailed.

        The clock runs from when a child takes the expression: waiting for a free child does not count.
        """
        head = (language + text).encode()
        body = orjson.dumps(variables)
        child = await self._acquire()
        try:
            verdict, result = await self._ask(child, head, body)
        except BaseException:
            # Cut off in the middle (a node's own time limit, a cancelled run): it may still be computing.
            self._discard(child)
            raise
        self._release(child)
        if verdict != b"ok":
            raise ExpressionFailed(result.decode(errors="replace"))
        return orjson.loads(result)

    async def _ask(self, child: _Child, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        asked = asyncio.ensure_future(child.ask(head, body))
        try:
            done, _ = await asyncio.wait({asked}, timeout=TIME_LIMIT)
            if not done:
                # This loop may have been what stalled: an answer that is already here counts.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            if not asked.done():
                raise ExpressionFailed("the expression ran past its limit of 500 ms")
            return asked.result()
        except (ConnectionError, OSError):
            raise ExpressionFailed("the expression needed more than 256 MiB, or too deep a recursion") from None
        finally:
            if not asked.done():
                # Its socket is about to be closed, and the loop must have let go of the descriptor by then: the
                # next socket gets the same number.
                asked.cancel()
                await asyncio.wait({asked})

    async def _acquire(self) -> _Child:
        while True:
            if self._closed:
                raise ExpressionFailed("expressions are no longer evaluated: the process is stopping")
            if self._idle:
                child = self._idle.pop()
                self._busy.add(child)
                return child
            if len(self._busy) + self._starting < self._size:
                return await self._start()
            waiter = self.loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():
                    self._wake()
                raise

    async def _start(self) -> _Child:
        self._starting += 1
        try:
            child = await _Child.start()
        except (OSError, TimeoutError) as broken:
            _log.error("expression_process_failed", exc_info=broken)
            raise ExpressionFailed("no process to evaluate expressions could be started") from broken
        finally:
            self._starting -= 1
            self._wake()
        if self._closed:
            child.stop()
            raise ExpressionFailed("expressions are no longer evaluated: the process is stopping")
        self._busy.add(child)
        return child

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _release(self, child: _Child) -> None:
        self._busy.discard(child)
        if self._closed:
            child.stop()
            return
        child.idle_since = self.loop.time()
        self._idle.append(child)
        self._wake()
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(_IDLE_SECONDS, self._sweep)

    def _discard(self, child: _Child) -> None:
        self._busy.discard(child)
        child.kill()
        self._wake()

    def _sweep(self) -> None:
        self._sweeper = None
        limit = self.loop.time() - _IDLE_SECONDS
        for child in [child for child in self._idle if child.idle_since <= limit]:
            self._idle.remove(child)
            child.kill()
        if self._idle or self._busy:
            self._sweeper = self.loop.call_later(_IDLE_SECONDS, self._sweep)

    def close(self) -> None:
        """Kill and reap every child. What waits fails; may be called after the loop has closed."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for child in (*self._idle, *self._busy):
            child.stop()
        self._idle.clear()
        self._busy.clear()
        if not self.loop.is_closed():
            while self._waiters:
                self._wake()


_pool: ExpressionPool | None = None


def current_pool() -> ExpressionPool:
    """The pool of the running loop, made at first use."""
    global _pool
    loop = asyncio.get_running_loop()
    if _pool is None or _pool.loop is not loop:
        close_pool()
        _pool = ExpressionPool()
    return _pool


def close_pool() -> None:
    """Stop the children, if any. The next expression starts new ones."""
    global _pool
    if _pool is not None:
        _pool.close()
        _pool = None
