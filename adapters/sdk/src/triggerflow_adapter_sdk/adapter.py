"""The interface every adapter implements, exactly as the mission document has it.

agently takes seconds to import, so its type is named for type checkers only; an adapter that builds blueprints imports
agently inside `load_blue_print`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from agently.core import TriggerFlowBlueprint

    # The mission document's spelling; agently 4.1 writes a small p.
    TriggerFlowBluePrint: TypeAlias = TriggerFlowBlueprint
else:
    TriggerFlowBluePrint = "TriggerFlowBluePrint"

ENTRY_POINT_GROUP = "agently.triggerflow.adapters"


class TriggerFlowIntegrationAdapter(ABC):
    """Defines the contract for integrating TriggerFlow with external systems.

    Beside these methods the host looks for three optional ones, by name: `configure(settings: AdapterSettings)`, called
    once before anything else; `async open()` and `async close()`, called on the loop that runs handlers.
    """

    name: str

    @abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """Return metadata about available handlers, configuration schema, and capabilities.

        `{"version", "capabilities", "health": {"status": "ok"|"degraded"|"down", "message"}, "handlers": [handler]}`;
        the members of a handler are those of `HandlerDescription`, in camelCase. Executes nothing.
        """

    @abstractmethod
    def resolve_handler(self, reference: str) -> Any:
        """Return a callable or coroutine function for the given handler reference.

        `reference` is what follows the colon of an entrypoint. The result is called as `handler(inputs, ctx)`. Where it
        has a method `for_node(node, key)`, that is called once per node and gives the callable: a handler that needs
        its node's ports, or compiles its config, does so there. Raises LookupError for an unknown reference.
        """

    @abstractmethod
    def load_blue_print(self, *, source: Mapping[str, Any]) -> TriggerFlowBluePrint:
        """Construct and return a TriggerFlowBluePrint from an external serialized representation."""

    @abstractmethod
    def save_blue_print(self, *, blue_print: TriggerFlowBluePrint) -> Mapping[str, Any]:
        """Serialize and persist the blueprint, returning an external identifier or descriptor."""

    def on_execution_start(self, execution_id: str, context: Mapping[str, Any]) -> None:  # noqa: B027
        """Optional lifecycle hook before execution begins."""

    def on_execution_end(self, execution_id: str, context: Mapping[str, Any], *, success: bool) -> None:  # noqa: B027
        """Optional lifecycle hook after execution finishes."""
