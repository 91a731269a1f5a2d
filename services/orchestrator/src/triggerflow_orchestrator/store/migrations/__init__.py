"""The orchestrator's chain of schemas. `triggerflow_chassis.schema_chain` brings a database along it."""

from pathlib import Path
from typing import Final

from triggerflow_chassis.schema_chain import SchemaChain

CHAIN: Final = SchemaChain(location=Path(__file__).parent, head="0018", works_with="0001")
