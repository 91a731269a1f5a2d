"""Run migrations inside the transaction that `migrate` opened."""

from alembic import context
from triggerflow_chassis.schema_chain import VERSION_TABLE

from triggerflow_orchestrator.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
