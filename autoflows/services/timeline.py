"""What an execution set out to do: the immutable definition it is pinned to, also when its flow was changed or deleted since."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select

from autoflows.domain.errors import NotFound
from autoflows.domain.flow import FlowDefinition
from autoflows.domain.permissions import Permission
from autoflows.models import Execution, FlowVersion
from autoflows.services.access import Actor, AsyncSession, requires


@requires(Permission.EXECUTIONS_READ)
async def get_plan(actor: Actor, session: AsyncSession, execution_id: UUID) -> FlowDefinition:
    """The definition of the execution's flow version. Raises NotFound."""
    statement = (
        select(FlowVersion)
        .join(Execution, col(Execution.flow_version_id) == col(FlowVersion.id))
        .where(col(Execution.id) == execution_id, col(Execution.user_id) == actor.account_id)
    )
    version = (await session.exec(statement)).first()
    if version is None:
        raise NotFound(f"There is no execution with the id {execution_id}.")
    return FlowDefinition.model_validate(version.definition)
