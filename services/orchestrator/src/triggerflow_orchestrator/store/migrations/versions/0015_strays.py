"""How many handlers of a worker go on although they were cancelled. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("strays", sa.Integer(), server_default="0", nullable=False))
