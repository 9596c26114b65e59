"""The one gate: every service function is marked, and lets in exactly the roles that hold its permission."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any, cast

import pytest

import autoflows.services
from autoflows.domain.errors import Forbidden
from autoflows.domain.permissions import ROLE_PERMISSIONS, Permission, Role, permissions_of
from autoflows.ids import new_id
from autoflows.services.access import Actor, may_grant, requires

OPEN = {"anyone", "the signed-in", "the command line", "services", "providers"}


def modules() -> list[ModuleType]:
    names = [m.name for m in pkgutil.walk_packages(autoflows.services.__path__, "autoflows.services.")]
    return [importlib.import_module(name) for name in names]


def functions() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (f"{module.__name__.removeprefix('autoflows.services.')}.{name}", function)
        for module in modules()
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function) and not name.startswith("_") and function.__module__ == module.__name__
    ]


FUNCTIONS = functions()
GUARDED = [(name, function) for name, function in FUNCTIONS if hasattr(function, "__permission__")]


def actor(role: Role, scopes: frozenset[str] | None = None) -> Actor:
    key = new_id()
    kind = "session" if scopes is None else "token"
    return Actor(key, key, role, permissions_of(role, scopes), "Asha", "asha@example.com", "UTC", cast(Any, kind))


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_every_service_function_says_who_may_call_it(name: str, function: Callable[..., Any]) -> None:
    permission, whom = getattr(function, "__permission__", None), getattr(function, "__open_to__", None)
    assert isinstance(permission, Permission) != (whom in OPEN), f"mark {name} with @requires(...) or @open_to(...)"
    assert function.__doc__, f"{name} promises nothing"


async def refused(function: Callable[..., Any], role: Role, scopes: frozenset[str] | None) -> bool:
    """Whether the gate stops the call. Past it, the arguments that are left out here are missed."""
    try:
        await function(actor(role, scopes))
    except Forbidden:
        return True
    except TypeError:
        return False
    return False


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("name", "function"), GUARDED, ids=[name for name, _ in GUARDED])
async def test_the_gate_lets_in_who_holds_the_permission_and_nobody_else(name: str, function: Callable[..., Any], role: Role) -> None:
    permission: Permission = function.__permission__  # type: ignore[attr-defined]
    assert await refused(function, role, None) == (permission not in ROLE_PERMISSIONS[role])
    assert await refused(function, role, frozenset()), "a token without scopes may do nothing"


def test_what_changes_things_is_closed_to_viewers_and_managers() -> None:
    """By name, so that a wrong permission on a new function is seen."""
    changing = ("create", "update", "delete", "add", "remove", "toggle", "reorder", "restore", "revoke", "cancel", "set_", "patch", "erase")
    for name, function in GUARDED:
        if name.split(".")[-1].startswith(changing):
            permission = function.__permission__
            assert permission not in ROLE_PERMISSIONS[Role.VIEWER], name
            assert permission not in ROLE_PERMISSIONS[Role.MANAGER], name


def test_each_role_holds_more_than_the_one_below() -> None:
    viewer, manager, admin, owner = (ROLE_PERMISSIONS[r] for r in (Role.VIEWER, Role.MANAGER, Role.ADMIN, Role.OWNER))
    assert viewer < manager < admin < owner
    assert owner - admin == {Permission.ACCOUNT_WRITE}
    assert Permission.PII_READ not in viewer


async def test_the_refusal_says_what_is_missing_and_who_can_help() -> None:
    @requires(Permission.FLOWS_WRITE)
    async def change(actor: Actor) -> str:
        return "changed"

    assert await change(actor(Role.ADMIN)) == "changed"
    with pytest.raises(Forbidden, match=r"role \(viewer\) does not include 'flows:write'"):
        await change(actor(Role.VIEWER))
    with pytest.raises(Forbidden, match="token lacks the scope 'flows:write'"):
        await change(actor(Role.OWNER, frozenset({"flows:read"})))
    with pytest.raises(Forbidden, match="role"):
        await change(actor(Role.VIEWER, frozenset({"*"})))


def test_nobody_hands_out_more_than_they_have() -> None:
    may_grant(actor(Role.ADMIN), ROLE_PERMISSIONS[Role.ADMIN])
    with pytest.raises(Forbidden, match="account:write"):
        may_grant(actor(Role.ADMIN), ROLE_PERMISSIONS[Role.OWNER])
