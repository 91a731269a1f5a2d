"""Indexes to find what is in a scope, and what of the waits a run has not taken up. Only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("journal_of_scope", "journal", ["execution_id", "scope"])
    op.drop_index("activation_starts_of_execution", "activation_starts")
    op.create_index("activation_starts_of_scope", "activation_starts", ["execution_id", "scope"])
    op.create_index(
        "waits_left",
        "waits",
        ["execution_id"],
        sqlite_where=sa.text("NOT applied"),
        postgresql_where=sa.text("NOT applied"),
    )
