"""What an adapter author and a host of adapters need. Importing this costs milliseconds: agently stays out."""

from triggerflow_adapter_sdk.adapter import ENTRY_POINT_GROUP, TriggerFlowBluePrint, TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.binding import BoundHandler, HandlerContext, HandlerLog
from triggerflow_adapter_sdk.catalogue import Catalogue, UnknownHandler
from triggerflow_adapter_sdk.description import ConfigProblem, HandlerDescription
from triggerflow_adapter_sdk.errors import (
    AddressRefused,
    ConfigInvalid,
    ConnectionFailed,
    ExpressionFailed,
    HandlerError,
    HttpStatus,
    NoSuchPort,
    NotBoolean,
    ParseFailed,
    ResponseTooLarge,
    SecretRefused,
    TimedOut,
    TooManyRedirects,
    ValueTooLarge,
    error_fields,
    error_type,
    is_retryable,
    retry_after,
)
from triggerflow_adapter_sdk.outputs import Outputs
from triggerflow_adapter_sdk.settings import AdapterSettings

__all__ = [
    "ENTRY_POINT_GROUP",
    "AdapterSettings",
    "AddressRefused",
    "BoundHandler",
    "Catalogue",
    "ConfigInvalid",
    "ConfigProblem",
    "ConnectionFailed",
    "ExpressionFailed",
    "HandlerContext",
    "HandlerDescription",
    "HandlerError",
    "HandlerLog",
    "HttpStatus",
    "NoSuchPort",
    "NotBoolean",
    "Outputs",
    "ParseFailed",
    "ResponseTooLarge",
    "SecretRefused",
    "TimedOut",
    "TooManyRedirects",
    "TriggerFlowBluePrint",
    "TriggerFlowIntegrationAdapter",
    "UnknownHandler",
    "ValueTooLarge",
    "error_fields",
    "error_type",
    "is_retryable",
    "retry_after",
]
