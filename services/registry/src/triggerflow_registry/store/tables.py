"""The registry's tables, as SQLAlchemy Core sees them.

Times are integers: microseconds since the epoch, UTC. Ids are text in lower case, JSON is compact text. Every row
names its project, and the principal that wrote it where that was somebody. The migrations make these tables; a test
holds the two equal.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

flows = Table(
    "flows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("principal", Text, nullable=False, comment="Who wrote this state"),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False, comment="The name without case, for search"),
    Column("description", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("drawing", Text, nullable=False, comment="{nodes, edges, channels}; lists do not read it"),
    Column("etag", Text, nullable=False),
    Column("latest_version", Integer, nullable=False, comment="0 where none was published"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
Index("flows_newest_first", flows.c.project_id, flows.c.created_at, flows.c.id)

versions = Table(
    "versions",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("blueprint", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

flow_events = Table(
    "flow_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)
Index("flow_events_of_project", flow_events.c.project_id, flow_events.c.id)

# The highest event of each project that was forgotten.
pruned = Table(
    "pruned",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("up_to", Text, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="The response, or the error's status"),
    Column("failed", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
Index("answers_by_age", answers.c.created_at)

schemas = Table(
    "schemas",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False, comment="AVRO or JSON"),
    Column("fingerprint", Text, nullable=False, comment="Hex in lower case"),
    Column("text", Text, nullable=False, comment="As it was registered"),
    Column("principal", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
Index("schemas_by_fingerprint", schemas.c.project_id, schemas.c.fingerprint)

# Which flow's newest version has which path below /hooks/.
hook_paths = Table(
    "hook_paths",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("flow_id", Text, nullable=False),
    Column("principal", Text, nullable=False, comment="Who published it"),
)
Index("hook_paths_of_flow", hook_paths.c.flow_id)

# How far a log was published, where a relay publishes (the mesh): "flow-events".
published = Table(
    "published",
    metadata,
    Column("log", Text, primary_key=True),
    Column("up_to", Text, nullable=False, comment="The id of the last one; empty before the first"),
)
