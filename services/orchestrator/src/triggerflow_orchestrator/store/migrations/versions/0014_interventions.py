"""Context that is added to runs. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "interventions",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("interventions_of_execution", "interventions", ["execution_id"], unique=False)
    op.create_table(
        "interventions_taken",
        sa.Column("execution_id", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "id"),
        sqlite_with_rowid=False,
    )
