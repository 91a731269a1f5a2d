"""The orchestrator's tables, as SQLAlchemy Core sees them.

Times are integers: microseconds since the epoch, UTC. JSON is compact text, ids are lower-case text. There are no
foreign keys: rows are written in whole units by the one writer (`journal.py`), and checking each again would be paid
on every node. The migrations make these tables; a test holds the two equal.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()

# What has not ended. Kept as SQL text so that a query that repeats it may use the partial index.
NOT_ENDED = "ended_at IS NULL"
QUEUED = "owner IS NULL AND ended_at IS NULL AND status <> 'waiting'"
# Left its process until it is answered or due: nobody's to claim.
PARKED = "status = 'waiting'"
OPEN = "status = 'open'"
OPEN_FOR_EVENT = "status = 'open' AND kind = 'event'"
DUE_ONCE = "status = 'open' AND due_at IS NOT NULL"
# Settled, and the run has not taken it up.
TO_APPLY = "status <> 'open' AND NOT applied"
# What is to be archived. PostgreSQL alone has an index of it, by its migration: in local mode nothing is archived, and
# every run would pay.
TO_ARCHIVE = "ended_at IS NOT NULL AND archived_at IS NULL"
# What the relay has not given ids yet.
NOT_NOTICED = "NOT noticed"
NOT_TOLD = "done_at IS NULL"
OPEN_FIRINGS = "status IN ('held', 'ready')"
LIVE_FIRINGS = "live"

executions = Table(
    "executions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("flow_name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False, comment="0 high, 1 normal, 2 low"),
    Column("inputs", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    Column("error", Text),
    Column("context", Text, nullable=False),
    Column("options", Text, nullable=False, comment="{async, timeoutSeconds?, trace}"),
    Column("rerun_of", Text),
    Column("trigger_node_id", Text),
    Column("epoch", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("deadline_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("owner", Text, comment="the worker whose lease holds it; NULL where nobody runs it. Mesh only"),
    Column("queued_at", BigInteger, comment="when it was last put into the queue. Mesh only"),
    Column("archived_at", BigInteger, comment="when its archive was there. Mesh only"),
    Column("wake_at", BigInteger, comment="of status waiting: when it goes on by itself; NULL where it never does"),
    Column("generation", Integer, nullable=False, server_default="2", comment="the least of a worker that may have it"),
    Column("context_added", Integer, nullable=False, server_default="0", comment="how many interventions it has"),
)
Index("executions_newest", executions.c.project_id, executions.c.created_at, executions.c.id)
Index(
    "executions_newest_of_flow",
    executions.c.project_id,
    executions.c.flow_id,
    executions.c.created_at,
    executions.c.id,
)
Index(
    "executions_live",
    executions.c.project_id,
    executions.c.created_at,
    executions.c.id,
    sqlite_where=text(NOT_ENDED),
    postgresql_where=text(NOT_ENDED),
)

Index(
    "executions_owned",
    executions.c.owner,
    executions.c.queued_at,
    sqlite_where=text(NOT_ENDED),
    postgresql_where=text(NOT_ENDED),
)

# What waits for a worker, in the order it is taken.
Index(
    "executions_queued",
    executions.c.priority,
    executions.c.created_at,
    executions.c.id,
    sqlite_where=text(QUEUED),
    postgresql_where=text(QUEUED),
)
Index("executions_parked", executions.c.wake_at, sqlite_where=text(PARKED), postgresql_where=text(PARKED))

execution_labels = Table(
    "execution_labels",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    sqlite_with_rowid=False,
)

activation_starts = Table(
    "activation_starts",
    metadata,
    Column("activation_id", Text, primary_key=True),
    Column("execution_id", Text, nullable=False),
    Column("node_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("inputs", Text),
    sqlite_with_rowid=False,
)
Index("activation_starts_of_scope", activation_starts.c.execution_id, activation_starts.c.scope)

# A row says: attempt `attempt` will be made from `due_at` on, for the one before failed with `failed_type`.
activation_attempts = Table(
    "activation_attempts",
    metadata,
    Column("activation_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("execution_id", Text, nullable=False),
    Column("failed_type", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("activation_attempts_of_execution", activation_attempts.c.execution_id)

# What handlers told by `ctx.metric`; `sequence` is that of the output that tells whose it is.
activation_metrics = Table(
    "activation_metrics",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("activation_id", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("unit", Text),
    Column("value", Double, nullable=False),
    sqlite_with_rowid=False,
)
# What an activation waits for; its id is the activation's. Settled once, for ever; `applied` once the run took it up.
waits = Table(
    "waits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("execution_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("flow_name", Text, nullable=False),
    Column("node_id", Text, nullable=False),
    Column("node_name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="approval, timer, event"),
    Column("status", Text, nullable=False, comment="open, answered, expired, cancelled"),
    Column("form", Text, comment="JSON Schema of the answer's data"),
    Column("assignees", Text, nullable=False, comment="each between line breaks; empty where there is none"),
    Column("input", Text, nullable=False, comment="JSON as shown"),
    Column("name", Text, comment="of an event"),
    Column("key", Text, comment="of an event"),
    Column("fails", Boolean, nullable=False, comment="whether the activation fails when it is due"),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("answer", Text, comment="JSON {decision?, data?, by, at}, data as shown"),
    Column("settled_at", BigInteger),
    Column("applied", Boolean, nullable=False),
)
Index("waits_newest", waits.c.project_id, waits.c.created_at, waits.c.id)
Index("waits_of_execution", waits.c.execution_id)
Index(
    "waits_open",
    waits.c.project_id,
    waits.c.created_at,
    waits.c.id,
    sqlite_where=text(OPEN),
    postgresql_where=text(OPEN),
)
Index(
    "waits_for_events",
    waits.c.project_id,
    waits.c.name,
    waits.c.key,
    sqlite_where=text(OPEN_FOR_EVENT),
    postgresql_where=text(OPEN_FOR_EVENT),
)
Index("waits_due", waits.c.due_at, sqlite_where=text(DUE_ONCE), postgresql_where=text(DUE_ONCE))
Index("waits_left", waits.c.execution_id, sqlite_where=text("NOT applied"), postgresql_where=text("NOT applied"))
Index("waits_to_apply", waits.c.execution_id, sqlite_where=text(TO_APPLY), postgresql_where=text(TO_APPLY))

# Who is to be told that a run failed; written with its end, `done_at` once told or given up.
failure_calls = Table(
    "failure_calls",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="flow, or url"),
    Column("project_id", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("target", Text, nullable=False, comment="the flow's id, or the URL"),
    Column("look_at", BigInteger, nullable=False, comment="when it is tried next"),
    Column("attempt", Integer, nullable=False, server_default="0", comment="tries so far"),
    Column("error", Text, comment="of the last try"),
    Column("done_at", BigInteger),
)
Index(
    "failure_calls_open",
    failure_calls.c.look_at,
    sqlite_where=text(NOT_TOLD),
    postgresql_where=text(NOT_TOLD),
)

# Context that was added to runs, written by whoever added it; and which of it the run took and told of.
interventions = Table(
    "interventions",
    metadata,
    Column("id", Text, primary_key=True, comment="a UUIDv7"),
    Column("execution_id", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
Index("interventions_of_execution", interventions.c.execution_id)

interventions_taken = Table(
    "interventions_taken",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# One row an outcome. A skipped node has this row and none in `activation_starts`.
journal = Table(
    "journal",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("activation_id", Text, nullable=False),
    Column("node_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("ports", Text, nullable=False),
    Column("error", Text),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

Index("journal_of_scope", journal.c.execution_id, journal.c.scope)

# What a run takes over from the one it runs again; read when it begins, and again where it goes on.
seeds = Table(
    "seeds",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("body", Text, nullable=False, comment="JSON: domain/seed.py"),
)

events = Table(
    "events",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("body", Text, nullable=False, comment="the event's JSON as it is sent"),
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    metadata,
    # Not BigInteger: only INTEGER becomes the rowid in SQLite.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("project_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    sqlite_autoincrement=True,
)

# The highest notice of each project that was forgotten.
pruned = Table(
    "pruned",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("up_to", Text, nullable=False),
)

# The bytes themselves stand in the object store, under `key`.
objects = Table(
    "objects",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("execution_id", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("key", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("objects_of_execution", objects.c.execution_id)

# The first answer to a request id: `response` where it succeeded, `error` (a google.rpc.Status) where it was refused.
requests = Table(
    "requests",
    metadata,
    Column("project_id", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("response", LargeBinary),
    Column("error", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
)
Index("requests_by_age", requests.c.created_at)

# Who holds leases, in the mesh: one row a worker process, and with it the lease of every run it owns. A worker whose
# row is gone has lost them all; `executions.epoch` fences what it still writes.
workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True, comment="a UUIDv7, made anew each time the process takes a lease"),
    Column("name", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False, comment="by the database's clock"),
    Column("live", Integer, nullable=False, comment="runs it had at its last heartbeat"),
    Column("most", Integer, nullable=False, comment="runs it takes at once"),
    Column("strays", Integer, nullable=False, server_default="0", comment="handlers that go on although cancelled"),
    Column("generation", Integer, nullable=False, server_default="1", comment="the newest flow model it knows"),
)

# What somebody without a lease wants of a run: the holder of its lease reads this and does it.
commands = Table(
    "commands",
    metadata,
    Column("id", Text, primary_key=True, comment="a UUIDv7"),
    Column("execution_id", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="cancel"),
    Column("principal", Text, nullable=False),
    Column("body", Text, nullable=False, comment="JSON, by kind"),
    Column("created_at", BigInteger, nullable=False),
)
Index("commands_of_execution", commands.c.execution_id)

# What was committed and not yet published, one row a unit; only where a relay publishes (the mesh). The events
# themselves stand in `events`, from `first_id` to `last_id`.
outbox = Table(
    "outbox",
    metadata,
    # Not BigInteger: only INTEGER becomes the rowid in SQLite.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("execution_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("first_id", Text, comment="NULL where the unit has no events"),
    Column("last_id", Text),
    Column("notices", Text, comment="JSON [[type, timestamp], …]; NULL where the project is told nothing"),
    Column("noticed", Boolean, nullable=False, comment="whether the notices are in their log"),
    sqlite_autoincrement=True,
)
Index(
    "outbox_unnoticed",
    outbox.c.position,
    sqlite_where=text(NOT_NOTICED),
    postgresql_where=text(NOT_NOTICED),
)

# How far a log was followed: "flow-events", the registry's, into `notices`; "notices" themselves, to the broker.
followed = Table(
    "followed",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Text, nullable=False, comment="the id of the last entry; empty before the first"),
)

# The trigger book: one row for each trigger node of each flow's active version (`app/keep_triggers.py`). Of all
# projects; how far it is abreast of the registry's log stands in `followed` under "triggers".
triggers = Table(
    "triggers",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("flow_name", Text, nullable=False),
    Column("node_name", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="the entrypoint, such as core:webhook"),
    Column("key", Text, nullable=False, comment="path, channel or topic; empty for other kinds"),
    Column("config", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("most_of_flow", Integer, comment="runs of its flow that may go on at once; NULL for any number"),
)
Index("triggers_by_key", triggers.c.project_id, triggers.c.key, triggers.c.kind)
Index("triggers_by_kind", triggers.c.kind)

# What a trigger started, once for each request id; goes with its execution.
fires = Table(
    "fires",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("execution_id", Text, nullable=False),
    Column("fired_at", BigInteger, nullable=False),
)
Index("fires_of_execution", fires.c.execution_id)

# What runs told channels of their project, until it has come to the triggers there (`app/carry_channels.py`).
channel_values = Table(
    "channel_values",
    metadata,
    Column("id", Text, primary_key=True, comment="a UUIDv7"),
    Column("project_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("value", Text, nullable=False, comment="as it is shown: large ones by reference"),
    Column("execution_id", Text, nullable=False),
    Column("node_id", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
)

# When each schedule in the trigger book is next due (`app/schedules.py`). Goes with its trigger.
schedules = Table(
    "schedules",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("cron", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("missed", Text, nullable=False, comment="skip, once or all"),
    Column("next_at", BigInteger, comment="NULL while it is paused, or where it is never due again"),
    Column("last_at", BigInteger, comment="the due time that last started a run"),
    Column("last_execution_id", Text),
)
Index("schedules_due", schedules.c.next_at)

# What came to triggers and starts runs, now or later, or did not and why (`domain/firing.py`).
firings = Table(
    "firings",
    metadata,
    Column("id", Text, primary_key=True, comment="a UUIDv7"),
    Column("project_id", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("node_id", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("status", Text, nullable=False, comment="held, ready, started, dropped or missed"),
    Column("reason", Text),
    Column("since", BigInteger),
    Column("look_at", BigInteger, nullable=False, comment="of an open one: when to look at it next"),
    Column("live", Boolean, nullable=False, comment="whether limits count it as going on"),
    Column("cancels", Text, comment="JSON list of firings whose runs end for it"),
    Column("execution_id", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
)
Index("firings_once", firings.c.flow_id, firings.c.node_id, firings.c.request_id, unique=True)
Index("firings_by_status", firings.c.flow_id, firings.c.node_id, firings.c.status, firings.c.due_at, firings.c.id)
Index("firings_started", firings.c.flow_id, firings.c.node_id, firings.c.decided_at)
Index("firings_of_execution", firings.c.execution_id)
Index(
    "firings_open",
    firings.c.look_at,
    sqlite_where=text(OPEN_FIRINGS),
    postgresql_where=text(OPEN_FIRINGS),
)
Index("firings_live", firings.c.flow_id, sqlite_where=text(LIVE_FIRINGS), postgresql_where=text(LIVE_FIRINGS))
# What callers of a webhook sign with, where the server made it. As text: it is shown to whoever may edit the flow.
hook_secrets = Table(
    "hook_secrets",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("request_id", Text, nullable=False, comment="of the call that made it anew; empty where none named itself"),
)

# Who listens, or listened last, for one call of a draft's webhook.
hook_listens = Table(
    "hook_listens",
    metadata,
    Column("flow_id", Text, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("inputs", Text, comment="the call's, once one came"),
    Column("called_at", BigInteger),
)
Index("hook_listens_by_path", hook_listens.c.project_id, hook_listens.c.path)
