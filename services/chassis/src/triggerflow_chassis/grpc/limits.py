"""The limits both ends of a channel agree on (docs/contract.md, section 5)."""

from __future__ import annotations

MESSAGE_BYTES = 16 * 1024 * 1024
# grpc's own default, 8 KiB, is below what a hundred violations need.
METADATA_BYTES = 512 * 1024
UNARY_SECONDS = 30.0

# Sent by our clients, whose channels take a large status. To all others a status is cut to 8 KiB.
LARGE_STATUS_KEY = "triggerflow-large-status"

OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_metadata_size", METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES),
)
