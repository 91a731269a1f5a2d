"""What a host decides for adapters: what may be imported, read from the environment, and reached."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """Allow-lists, all empty by default. `environ` is where `$env` looks names up; it is never shown."""

    # TFCANVAS_PYTHON_MODULES: modules and packages whose functions may be nodes.
    python_modules: tuple[str, ...] = ()
    # TFCANVAS_ENV_ALLOW: names that `{"$env": NAME}` may read.
    env_allow: tuple[str, ...] = ()
    # TFCANVAS_HTTP_ALLOW: `host:port`, as written in URLs, that the address guard lets through.
    http_allow: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
