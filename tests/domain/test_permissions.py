"""Who may do what, as a table to check by eye."""

from __future__ import annotations

from itertools import pairwise

import pytest

from autoflows.domain.permissions import ALL_SCOPES, ROLE_PERMISSIONS, Permission, Role, permissions_of

P = Permission


def test_each_role_may_do_all_that_the_one_below_may() -> None:
    for higher, lower in pairwise([Role.OWNER, Role.ADMIN, Role.MANAGER, Role.VIEWER]):
        assert permissions_of(higher) > permissions_of(lower)
    assert set(ROLE_PERMISSIONS) == set(Role)


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.OWNER, set(P), set()),
        (Role.ADMIN, set(P) - {P.ACCOUNT_WRITE}, {P.ACCOUNT_WRITE}),
        (Role.MANAGER, {P.ANALYTICS_READ, P.EXPORT, P.FLOWS_TEST, P.PII_READ}, {P.FLOWS_WRITE, P.EXECUTIONS_WRITE, P.TEAM_WRITE}),
        (Role.VIEWER, {P.FLOWS_READ, P.EXECUTIONS_READ}, {P.PII_READ, P.EXPORT, P.ANALYTICS_READ, P.SETTINGS_READ, P.AUDIT_READ}),
    ],
)
def test_roles(role: Role, may: set[Permission], may_not: set[Permission]) -> None:
    assert may <= permissions_of(role)
    assert not may_not & permissions_of(role)


@pytest.mark.parametrize("role", Role)
def test_scopes_only_ever_narrow(role: Role) -> None:
    assert permissions_of(role, frozenset()) == frozenset()
    assert permissions_of(role, frozenset({ALL_SCOPES})) == permissions_of(role)
    assert permissions_of(role, frozenset(p.value for p in P)) == permissions_of(role)
    assert permissions_of(role, frozenset({"flows:read", "no:such", "FLOWS:WRITE"})) == {P.FLOWS_READ}
    for permission in P:
        assert permissions_of(role, frozenset({permission.value})) <= {permission} & permissions_of(role)
