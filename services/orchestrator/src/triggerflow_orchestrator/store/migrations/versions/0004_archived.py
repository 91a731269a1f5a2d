"""When an execution was archived, so that what is may be forgotten. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("executions", sa.Column("archived_at", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "executions_to_archive",
            "executions",
            ["ended_at"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NOT NULL AND archived_at IS NULL"),
        )
