"""Which flow has which path below /hooks/. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "hook_paths",
        sa.Column("project_id", _TEXT, primary_key=True),
        sa.Column("path", _TEXT, primary_key=True),
        sa.Column("flow_id", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
    )
    op.create_index("hook_paths_of_flow", "hook_paths", ["flow_id"])
