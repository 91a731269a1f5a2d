"""Outputs: a handler's way to name the ports it lights."""

from __future__ import annotations

from typing import Any


class Outputs(dict[str, Any]):
    """`Outputs(left=1, right=None)` lights `left` and `right`; ports not named are dead; `Outputs()` lights none.

    A port whose key is no Python identifier is given by `Outputs(**{"true": value})`.
    """

    def __init__(self, **ports: Any) -> None:
        super().__init__(ports)
