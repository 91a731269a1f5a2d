"""Clean up after pruning sooner on PostgreSQL, where the default waits until a fifth of a table is dead."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What grows by the run. A fiftieth of it is what a few per cent of the days that are kept leave behind.
_GROWING = ("executions", "events", "journal", "activation_starts")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _GROWING:
            op.execute(
                f"ALTER TABLE {table} SET"
                " (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)"
            )
