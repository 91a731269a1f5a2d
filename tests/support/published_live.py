"""Hold every live frame against the AsyncAPI document that the product itself publishes."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import fastavro
import jsonschema_rs
from triggerflow_chassis.kafka.avro import fingerprint

Json = dict[str, Any]


@dataclass
class PublishedLive:
    """The document of a running product, as a check of frames."""

    document: Json

    def channel(self, name: str) -> Json:
        found: Json = self.document["channels"][name]
        return found

    def wrong(self, channel: str, message: str, frame: Any) -> list[str]:
        """What of a frame is not as the channel's message says."""
        whole = {**self.payload(channel, message), "components": self.document["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return [f"{list(each.instance_path)}: {each.message}" for each in validator.iter_errors(frame)]

    def payload(self, channel: str, message: str) -> Json:
        """What a message of a channel carries."""
        name = self.channel(channel)["messages"][message]["$ref"].rpartition("/")[2]
        found: Json = self.document["components"]["messages"][name]["payload"]
        return found

    def record(self, channel: str, written: bytes) -> Json:
        """A record of a topic, read with nothing but the document. Fails where it is not in its encoding."""
        schema = self.payload(channel, "record")["schema"]
        assert written[:2] == b"\xc3\x01"
        assert written[2:10] == fingerprint(json.dumps(schema)), "the record is of another schema than the document's"
        body = io.BytesIO(written[10:])
        read: Any = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
        assert body.read() == b""
        return dict(read)
