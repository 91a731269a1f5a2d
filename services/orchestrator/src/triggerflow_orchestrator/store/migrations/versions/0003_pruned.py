"""How far the notices of each project were forgotten, so that a cursor from before it is told so. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pruned",
        sa.Column("project_id", _TEXT, nullable=False),
        sa.Column("up_to", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
    )
