"""Migrations and models say the same: up, down, up again, and nothing left to generate."""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import Callable
from typing import Any, TypeVar

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import autoflows.models  # noqa: F401  (registers the tables)
from alembic import command
from autoflows.domain.capacity import BreakerState
from autoflows.domain.executions import ExecutionStatus, LogStatus
from autoflows.domain.flow import ActionCondition, ActionType, ConditionOperator, OnUnknown, OutsideHours, TriggerType
from autoflows.domain.leads import Disposition, EntryType
from autoflows.domain.notices import Severity
from autoflows.domain.outcomes import CallOutcome, ErrorClass, MessageState
from autoflows.domain.permissions import Role
from autoflows.domain.reports import Every, MailingStatus, Report, ReportForm
from autoflows.embedded.migrations import head, scripts
from autoflows.providers import PROVIDERS

T = TypeVar("T")

VOCABULARIES: dict[tuple[str, str], type[enum.StrEnum]] = {
    ("auto_engagement_flows", "on_unknown"): OnUnknown,
    ("auto_engagement_flows", "outside_hours"): OutsideHours,
    ("channels", "breaker_state"): BreakerState,
    ("contacts", "entry_type"): EntryType,
    ("flow_action_logs", "action_type"): ActionType,
    ("flow_action_logs", "error_class"): ErrorClass,
    ("flow_action_logs", "message_state"): MessageState,
    ("flow_action_logs", "outcome"): CallOutcome,
    ("flow_action_logs", "status"): LogStatus,
    ("flow_actions", "action_type"): ActionType,
    ("flow_actions", "condition_type"): ActionCondition,
    ("flow_executions", "last_outcome"): CallOutcome,
    ("flow_executions", "status"): ExecutionStatus,
    ("flow_trigger_conditions", "condition_operator"): ConditionOperator,
    ("flow_trigger_conditions", "condition_type"): TriggerType,
    ("lead_events", "disposition"): Disposition,
    ("lead_events", "entry_type"): EntryType,
    ("notifications", "severity"): Severity,
    ("report_mailings", "status"): MailingStatus,
    ("report_schedules", "every"): Every,
    ("report_schedules", "form"): ReportForm,
    ("report_schedules", "report"): Report,
    ("users", "role"): Role,
}
OF_MODELS = {("channels", "status"), ("channels", "provider"), ("suppressions", "channel"), ("suppressions", "reason")}
"""Vocabularies that are tuples beside their table."""


def config(url: str) -> Config:
    """The alembic command's own view of the migrations, beside the product's."""
    settings = Config()
    settings.set_main_option("script_location", str(scripts()))
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


async def migrate(step: Callable[..., T], *args: Any) -> T:
    """Run an alembic command; it runs a loop of its own, so it gets a thread of its own."""
    return await asyncio.to_thread(step, *args)


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1))
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
SHAPE = """
SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length FROM information_schema.columns
WHERE table_schema = 'public' UNION ALL
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', NULL, NULL FROM pg_constraint
WHERE connamespace = 'public'::regnamespace UNION ALL
SELECT tablename, indexname, indexdef, '', NULL, NULL FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3
"""


async def test_nothing_is_left_to_generate(postgres_url: str) -> None:
    await migrate(command.check, config(postgres_url))
    assert await rows(postgres_url, "SELECT version_num FROM alembic_version") == [(head(),)]
    tables = {name for (name,) in await rows(postgres_url, TABLES)} - {"alembic_version"}
    assert tables == set(SQLModel.metadata.tables)


def test_the_newest_migration_is_alembics_head() -> None:
    assert head() == ScriptDirectory.from_config(config("")).get_current_head()


async def test_down_and_up_again(postgres_url: str) -> None:
    before = await rows(postgres_url, SHAPE)
    await migrate(command.downgrade, config(postgres_url), "base")
    assert await rows(postgres_url, TABLES) == [("alembic_version",)]
    await migrate(command.upgrade, config(postgres_url), "head")
    assert await rows(postgres_url, SHAPE) == before
    await migrate(command.upgrade, config(postgres_url), "head")


@pytest.fixture(scope="module")
async def vocabularies(module_postgres_url: str) -> dict[tuple[str, str], set[str]]:
    """The words each CHECK of the migrated database lets in, by table and column."""
    found = await rows(
        module_postgres_url, "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
    )
    return {
        (table, name.removeprefix(f"ck_{table}_").removesuffix("_vocabulary")): set(re.findall(r"'([^']*)'::", definition))
        for table, name, definition in found
        if name.endswith("_vocabulary")
    }


@pytest.mark.parametrize("place", VOCABULARIES)
def test_a_check_lets_in_what_its_enum_says(vocabularies: dict[tuple[str, str], set[str]], place: tuple[str, str]) -> None:
    assert vocabularies[place] == {word.value for word in VOCABULARIES[place]}


def test_no_vocabulary_is_forgotten(vocabularies: dict[tuple[str, str], set[str]]) -> None:
    assert set(vocabularies) - set(VOCABULARIES) == OF_MODELS
    assert set(PROVIDERS) <= vocabularies["channels", "provider"]


@pytest.mark.parametrize("place", VOCABULARIES)
def test_every_word_fits_its_column(place: tuple[str, str]) -> None:
    length = SQLModel.metadata.tables[place[0]].columns[place[1]].type.length  # type: ignore[attr-defined]
    assert max(len(word) for word in VOCABULARIES[place]) <= length
