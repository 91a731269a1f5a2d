"""Which workers may have a run, and how much context was added to it. Only adds.

A worker of an older release neither reads `generation` nor tells its own. So the database itself keeps such runs from
it: where it would become the owner, the row stays as it is, and its claim finds nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    # What was accepted before, an older worker may have: it knows no more than that worker does.
    default = "1" if on_postgres else "2"
    op.add_column("executions", sa.Column("generation", sa.Integer(), server_default=default, nullable=False))
    op.add_column("executions", sa.Column("context_added", sa.Integer(), server_default="0", nullable=False))
    op.add_column("workers", sa.Column("generation", sa.Integer(), server_default="1", nullable=False))
    if not on_postgres:
        return
    op.alter_column("executions", "generation", server_default="2")
    op.execute(
        """\
CREATE FUNCTION keep_from_older_workers() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF (SELECT generation FROM workers WHERE id = NEW.owner) < NEW.generation THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END $$"""
    )
    op.execute(
        """\
CREATE TRIGGER executions_generation BEFORE UPDATE OF owner ON executions FOR EACH ROW
WHEN (NEW.owner IS NOT NULL AND NEW.owner IS DISTINCT FROM OLD.owner AND NEW.generation > 1)
EXECUTE FUNCTION keep_from_older_workers()"""
    )
