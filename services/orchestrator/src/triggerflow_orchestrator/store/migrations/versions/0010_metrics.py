"""What handlers tell by ctx.metric. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "activation_metrics",
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("activation_id", _TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("unit", _TEXT, nullable=True),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "activation_id", "sequence"),
        sqlite_with_rowid=False,
    )
