"""Built-in nodes: triggers, JSONata map, CEL condition, parse, waits, sub-flows, output."""

from triggerflow_adapter_core.adapter import CoreAdapter
from triggerflow_adapter_core.kafka import KafkaAdapter

__all__ = ["CoreAdapter", "KafkaAdapter"]
