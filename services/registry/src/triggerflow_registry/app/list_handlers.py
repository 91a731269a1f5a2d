"""List the kinds of node that the installed adapters offer."""

from __future__ import annotations

from dataclasses import replace

from triggerflow_adapter_sdk.description import HandlerDescription

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.app.paging import page, page_size, place_of
from triggerflow_registry.app.shown import Page

_LIST = "handlers"


async def list_handlers(desk: Desk, *, size: int, token: str) -> Page[HandlerDescription]:
    """A page of handlers by reference. Raises BadParameter, BadCursor."""
    limit = page_size(size)
    place = place_of(token, _LIST, (str,))
    after = str(place[0]) if place else ""
    health = desk.catalogue.health()
    found = sorted(
        (each for each in desk.catalogue.handlers() if each.reference > after), key=lambda each: each.reference
    )
    # A handler was described at start; how its adapter is may have changed since.
    now = [replace(each, health=health.get(each.adapter, each.health)) for each in found[: limit + 1]]
    return page(now, limit, _LIST, lambda each: [each.reference])
