"""List the kinds of node that the installed adapters offer."""

from __future__ import annotations

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
    found = sorted(
        (each for each in desk.catalogue.handlers() if each.reference > after), key=lambda each: each.reference
    )
    return page(found, limit, _LIST, lambda each: [each.reference])
