"""Who may do what, as data. `services/access.py` enforces it; nothing else decides on roles."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is in their account."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    VIEWER = "viewer"


class Permission(StrEnum):
    """One right. API token scopes are the same words."""

    FLOWS_READ = "flows:read"
    FLOWS_WRITE = "flows:write"
    FLOWS_TEST = "flows:test"
    EXECUTIONS_READ = "executions:read"
    EXECUTIONS_WRITE = "executions:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    PII_READ = "pii:read"
    CHANNELS_READ = "channels:read"
    CHANNELS_WRITE = "channels:write"
    NOTIFICATIONS_READ = "notifications:read"
    ANALYTICS_READ = "analytics:read"
    EXPORT = "export"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    TEAM_WRITE = "team:write"
    TOKENS_WRITE = "tokens:write"
    AUDIT_READ = "audit:read"
    ACCOUNT_WRITE = "account:write"


_VIEWER = frozenset(
    {
        Permission.FLOWS_READ,
        Permission.EXECUTIONS_READ,
        Permission.CONTACTS_READ,
        Permission.CHANNELS_READ,
        Permission.NOTIFICATIONS_READ,
    }
)
_MANAGER = _VIEWER | {
    Permission.PII_READ,
    Permission.ANALYTICS_READ,
    Permission.EXPORT,
    Permission.FLOWS_TEST,
    Permission.SETTINGS_READ,
}
_ADMIN = frozenset(Permission) - {Permission.ACCOUNT_WRITE}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: _ADMIN,
    Role.MANAGER: _MANAGER,
    Role.VIEWER: _VIEWER,
}

ALL_SCOPES = "*"


def permissions_of(role: Role, scopes: frozenset[str] | None = None) -> frozenset[Permission]:
    """What a role may do, narrowed by a token's scopes (None: a browser session, not narrowed)."""
    granted = ROLE_PERMISSIONS[role]
    if scopes is None or ALL_SCOPES in scopes:
        return granted
    return frozenset(p for p in granted if p.value in scopes)
