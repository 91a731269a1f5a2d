"""How far other logs were followed, and a quick way to what the project was not told yet. Only adds."""

import sqlalchemy as sa
from alembic import op
from triggerflow_chassis.ids import uuid7

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NOT_NOTICED = sa.text("NOT noticed")


def upgrade() -> None:
    followed = op.create_table(
        "followed",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("position", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index(
        "outbox_unnoticed",
        "outbox",
        ["position"],
        unique=False,
        sqlite_where=_NOT_NOTICED,
        postgresql_where=_NOT_NOTICED,
    )
    # Where runs were told before, flows were too, from their own log: those are not told again.
    used = op.get_bind().execute(sa.text("SELECT 1 FROM executions LIMIT 1")).first() is not None
    op.bulk_insert(
        followed, [{"name": "flow-events", "position": uuid7() if used else ""}, {"name": "notices", "position": ""}]
    )
