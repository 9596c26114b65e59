"""Settings of every process, read once from `AUTOFLOWS_*` environment variables.

A wrong value stops the start with a sentence that names the variable. Nothing else in the code reads the environment.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_home() -> Path:
    """Where data lives unless AUTOFLOWS_HOME says otherwise; as root a system path, since PostgreSQL will not run as root."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/autoflows")
    return Path.home() / ".local" / "share" / "autoflows"


class Settings(BaseSettings):
    """One field per environment variable; `AUTOFLOWS_HOME` is `home`, and so on."""

    model_config = SettingsConfigDict(env_prefix="AUTOFLOWS_", extra="ignore")

    home: Path = Field(default_factory=default_home, description="data directory")
    database_url: str = Field(default="", description="PostgreSQL URL; empty = the embedded server")
    redis_url: str = Field(default="", description="Redis or Valkey URL; empty = the embedded server")
    public_url: str = Field(default="http://localhost:8000", description="how providers and browsers reach the web process")
    secret_key: str = Field(default="", description="encrypts channel credentials; made and kept under home if empty")
    allow_private_network: bool = Field(default=False, description="provider and webhook URLs may be loopback or private")
    log_level: str = "INFO"

    worker_slots: int = Field(default=40, ge=1, le=1000, description="actions one worker performs at the same time")
    lease_seconds: float = Field(default=60.0, ge=0.5, description="how long a claim holds before another worker may take it")
    provider_timeout_seconds: float = Field(default=20.0, gt=0, description="longest wait for one provider answer")
    call_deadline_seconds: float = Field(default=600.0, gt=0, description="call without an outcome for so long is looked up")
    unknown_grace_seconds: float = Field(default=120.0, gt=0, description="how long an unanswered send waits for a webhook to name it")
    retry_base_seconds: float = Field(default=2.0, gt=0, description="first back-off after a transient provider error; doubles")
    channel_patience_seconds: float = Field(
        default=1800.0, ge=0, description="held by a broken channel for so long, a flow goes on without it"
    )
    breaker_pause_seconds: float = Field(default=30.0, gt=0, description="first pause of a channel that does not work; doubles")
    sweep_seconds: float = Field(default=1.0, gt=0, description="how often a worker looks for due work on its own")
    watch_seconds: float = Field(default=10.0, gt=0, description="how often it is looked whether the team must be told of something")
    rollup_seconds: float = Field(default=2.0, gt=0, description="how often the figures of the analytics are brought up to date, at most")
    session_hours: int = Field(default=24 * 14, ge=1)

    @property
    def is_reachable(self) -> bool:
        """Whether `public_url` leads here from where it is opened: not if it names this machine, unless all is on this machine."""
        return self.allow_private_network or urlsplit(self.public_url).hostname not in ("localhost", "127.0.0.1", "::1")

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://", "postgresql+asyncpg://")):
            raise ValueError("must be a PostgreSQL URL such as postgresql://user:password@host:5432/autoflows")
        for plain in ("postgresql://", "postgres://"):
            if value.startswith(plain):
                return "postgresql+asyncpg://" + value.removeprefix(plain)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_only(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a Redis URL such as redis://:password@host:6379/0")
        return value

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")


class SettingsError(Exception):
    """The environment holds a value that cannot be used; the message is for the person who started us."""


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Raises SettingsError with one line per wrong variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"AUTOFLOWS_{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise SettingsError("\n".join(lines)) from None
