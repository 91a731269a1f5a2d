"""How far the events of each project were forgotten, so that a cursor from before it is told so. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pruned",
        sa.Column("project_id", _TEXT, primary_key=True),
        sa.Column("up_to", _TEXT, nullable=False),
    )
