"""What every table shares: ids, UTC times, JSON columns, constraint names, and checks for closed vocabularies."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Timestamp = sa.DateTime(timezone=True)
"""Times are UTC in the database and always aware in Python."""

Json = JSONB(none_as_null=True)


def one_of(column: str, values: Iterable[str] | type[enum.Enum], *, optional: bool = False) -> sa.CheckConstraint:
    """A CHECK that holds `column` to a closed vocabulary."""
    words = [v.value for v in values] if isinstance(values, type) else list(values)
    quoted = ", ".join(f"'{w}'" for w in words)
    test = f"{column} IN ({quoted})"
    return sa.CheckConstraint(f"{column} IS NULL OR {test}" if optional else test, name=f"{column}_vocabulary")


def foreign_key(target: str, *, on_delete: str = "CASCADE", **options: Any) -> Any:
    """Arguments for a UUID column that points at another table."""
    return sa.Column(sa.Uuid(), sa.ForeignKey(target, ondelete=on_delete), **options)
