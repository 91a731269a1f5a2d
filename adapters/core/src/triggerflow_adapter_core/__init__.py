"""Built-in nodes: manual trigger, JSONata map, CEL condition, parse, output."""

from triggerflow_adapter_core.adapter import CoreAdapter

__all__ = ["CoreAdapter"]
