"""Bolna AI voice calls: https://www.bolna.ai/docs (API reference, statuses, webhooks).

What shapes this adapter: a call takes no idempotency key, so our attempt id travels in `user_data` and comes back under
`context_details.recipient_data`; webhooks are not signed; `completed` does not mean that anyone spoke. Retries and hours are
ours (`retry_config` and `scheduled_at` are never sent), the vendor's own calling guardrails stay on as a second net.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field

from autoflows.domain.outcomes import Accepted, ErrorClass, ProviderEvent, Refused, SendResult, Unanswered
from autoflows.providers.base import CallRequest, Catalogue, CheckResult, Connection, ProviderUnavailable, WebhookRejected
from autoflows.providers.bolna_executions import ATTEMPT_KEY, event_of
from autoflows.providers.bolna_webhooks import point_agents
from autoflows.providers.forms import ADVANCED, SECRET, Form, Limits, Token, WebAddress
from autoflows.providers.payload import known, mapping, moment, number, objects, read_object, text
from autoflows.providers.wire import clip, exchange, fetch, json_of, object_of, redirected, retry_after

REFUSALS = {
    400: ErrorClass.PERMANENT,  # a wrong or missing parameter
    401: ErrorClass.ACCOUNT,  # missing or wrong key
    403: ErrorClass.ACCOUNT,  # the key may not do this
    404: ErrorClass.PERMANENT,  # unknown agent
    408: ErrorClass.TRANSIENT,  # the request did not arrive whole (RFC 9110, 15.5.9)
    429: ErrorClass.TRANSIENT,  # 500 calls per minute
}
"""Bolna docs, errors: what each HTTP status of `POST /call` asks of us. Other 4xx are permanent; 5xx see `_refused`."""

GATEWAY = frozenset({502, 504})
"""Answers of a gateway in front of the vendor: whether the vendor acted is not known."""

LONGEST_WINDOW = timedelta(days=7)
"""The execution list takes no longer window (Bolna docs, list executions)."""

PAGE_SIZE = 50
MAX_PAGES = 20


class BolnaCredentials(Form):
    """How to sign in at Bolna."""

    api_key: Token = Field(
        title="API key",
        description="From the Bolna dashboard, Developers > API keys; starts with bn- or sa-.",
        json_schema_extra=SECRET,
    )


class BolnaSettings(Limits):
    """Where Bolna is, and how much it may be asked to do at once."""

    base_url: WebAddress = Field(
        "https://api.bolna.ai",
        title="API address",
        description="Change only for a test server.",
        json_schema_extra=ADVANCED,
    )
    max_concurrent: int = Field(
        10,
        ge=1,
        le=1000,
        title="Simultaneous calls",
        description="Calls in progress at the same time; your Bolna plan's limit (10 on the first paid plan).",
    )
    allowed_ips: list[str] = Field(
        default_factory=list,
        title="Webhook source addresses",
        description="Only these IP addresses may send webhooks (Bolna lists 13.203.39.153, 13.126.9.249, 13.202.133.53). Empty: any.",
        json_schema_extra=ADVANCED,
    )


class Bolna:
    """The Bolna adapter."""

    name: ClassVar[str] = "bolna"
    title: ClassVar[str] = "Bolna"
    action_type: ClassVar[str] = "ai_call"
    Credentials: ClassVar[type[BaseModel]] = BolnaCredentials
    Settings: ClassVar[type[BaseModel]] = BolnaSettings
    has_webhooks: ClassVar[bool] = True

    async def check(self, connection: Connection) -> CheckResult:
        """Ask `GET /user/me` who we are; `data` has name, wallet and concurrency."""
        try:
            answer = await fetch(connection, "GET", _url(connection, "/user/me"), headers=_headers(connection))
        except ProviderUnavailable as error:
            return CheckResult(False, f"Bolna does not answer. {error}")
        if answer.status_code in (401, 403):
            return CheckResult(False, f"Bolna refused the API key ({answer.status_code}). Copy it again from Developers > API keys.")
        body = object_of(answer)
        if answer.status_code != 200 or not body.keys() & {"id", "email", "wallet"}:
            return CheckResult(False, f"Bolna answered {answer.status_code} instead of the account. Check the API address.")
        concurrency, wallet = mapping(body.get("concurrency")), number(body.get("wallet"))
        data = known(name=text(body.get("name")), email=text(body.get("email")), wallet=wallet, concurrency=concurrency or None)
        if wallet == 0:
            return CheckResult(False, "The Bolna wallet is empty: calls will not be placed until it is topped up.", data)
        balance = "" if wallet is None else f" with a balance of {wallet:g}"
        return CheckResult(True, f"Signed in as {data.get('name', 'the account')}{balance}.", data)

    async def sync(self, connection: Connection) -> Catalogue:
        """Agents and phone numbers of the account. Raises `ProviderUnavailable`."""
        agents = await _list(connection, "/v2/agent/all", "agents")
        numbers = await _list(connection, "/phone-numbers/all", "phone numbers")
        return Catalogue(
            agents=[
                {"provider_agent_id": agent_id, "name": (text(agent.get("agent_name")) or agent_id)[:255]}
                for agent in agents
                if (agent_id := text(agent.get("id"))) and len(agent_id) <= 100
            ],
            phone_numbers=[
                {"phone_number": phone, "label": (text(item.get("telephony_provider")) or "")[:100]}
                for item in numbers
                if (phone := text(item.get("phone_number"))) and len(phone) <= 20
            ],
        )

    async def send(self, connection: Connection, message: CallRequest) -> SendResult:
        """Place the call (`POST /call`); `provider_ref` is Bolna's execution id."""
        body = {
            "agent_id": message.agent_id,
            "recipient_phone_number": message.to,
            "user_data": {**message.variables, ATTEMPT_KEY: str(message.attempt_id)},
        }
        if message.from_number:
            body["from_phone_number"] = message.from_number
        answer = await exchange(connection, "POST", _url(connection, "/call"), headers=_headers(connection), json=body)
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code >= 300:
            return _refused(answer)
        told = object_of(answer)
        if execution_id := text(told.get("execution_id")):
            return Accepted(execution_id, known(call_id=execution_id, status=text(told.get("status"))))
        return Unanswered(f"Bolna answered {answer.status_code} without an execution id.")

    async def lookup(self, connection: Connection, provider_ref: str) -> ProviderEvent | None:
        """The execution as it stands (`GET /executions/{id}`); None if Bolna does not know it or cannot be read."""
        try:
            answer = await fetch(connection, "GET", _url(connection, "/executions", provider_ref), headers=_headers(connection))
        except ProviderUnavailable:
            return None
        body = object_of(answer)
        return event_of(body) if answer.status_code == 200 and text(body.get("id")) and text(body.get("status")) else None

    async def find(self, connection: Connection, message: CallRequest, since: Any) -> ProviderEvent | None:
        """The execution that carries our attempt id, among the agent's of the window from `since` (a UTC datetime) to now."""
        try:
            candidates = await _executions(connection, message.agent_id, since)
        except ProviderUnavailable:
            return None
        for listed in candidates:
            to_number = text(mapping(listed.get("telephony_data")).get("to_number"))
            if to_number and _digits(to_number) != _digits(message.to):
                continue  # the list is a short form without our id: fetch only calls to this person
            if (ref := text(listed.get("id"))) is None:
                continue
            event = await self.lookup(connection, ref)
            if event and event.attempt_id == message.attempt_id:
                return event
        return None

    async def cancel(self, connection: Connection, provider_ref: str) -> bool:
        """Drop a call that still waits (`POST /call/{id}/stop`); one in progress cannot be stopped."""
        try:
            answer = await fetch(connection, "POST", _url(connection, "/call", provider_ref, "stop"), headers=_headers(connection))
        except ProviderUnavailable:
            return False
        return answer.status_code == 200 and text(object_of(answer).get("status")) == "stopped"

    async def register_webhook(self, connection: Connection, url: str, in_use: Collection[str] = ()) -> str:
        """Point agents whose webhook points nowhere, or at an earlier address of ours, at `url`; others keep theirs."""
        return await point_agents(connection, await _list(connection, "/v2/agent/all", "agents"), url, in_use)

    def handshake(self, connection: Connection, query: Mapping[str, str]) -> str | None:
        """Bolna verifies no URL."""
        return None

    def verify(self, connection: Connection, headers: Mapping[str, str], raw: bytes) -> None:
        """Bolna signs nothing: the secret in the URL is the proof; here only the shape is checked."""
        _execution(raw)

    def parse(self, connection: Connection, raw: bytes) -> list[ProviderEvent]:
        """One event per webhook: the execution in its present state."""
        return [event_of(_execution(raw))]


def _execution(raw: bytes) -> dict[str, Any]:
    body = read_object(raw)
    if text(body.get("id")) is None or text(body.get("status")) is None:
        raise WebhookRejected("not an execution: id or status is missing")
    return body


def _url(connection: Connection, *parts: str) -> str:
    base = str(connection.settings.base_url)
    first, *rest = parts
    return base + first + "".join("/" + _segment(part) for part in rest)


def _segment(part: str) -> str:
    """`part` as one path segment, so that an odd id cannot name another resource."""
    return quote(part, safe="", errors="replace").replace(".", "%2E")


def _headers(connection: Connection) -> dict[str, str]:
    return {"Authorization": f"Bearer {connection.credentials.api_key}"}


def _digits(phone: str) -> str:
    return "".join(c for c in phone if c.isdigit())


def _refused(answer: httpx.Response) -> SendResult:
    """A 5xx with the documented body `{error, message}` is the vendor's own "no"; any other 5xx leaves open whether it acted."""
    status, body = answer.status_code, object_of(answer)
    told = text(body.get("message"))
    if status >= 500 and (status in GATEWAY or told is None or "error" not in body):
        return Unanswered(f"Bolna's server failed ({status}) without saying whether it placed the call.")
    if status < 400:
        return redirected(answer)
    error_class = ErrorClass.TRANSIENT if status >= 500 else REFUSALS.get(status, ErrorClass.PERMANENT)
    return Refused(error_class, f"http_{status}", clip(f"Bolna refused the call: {told or f'HTTP {status}'}"), retry_after(answer))


async def _list(connection: Connection, path: str, what: str) -> list[dict[str, Any]]:
    answer = await fetch(connection, "GET", _url(connection, path), headers=_headers(connection))
    body = json_of(answer)
    if answer.status_code != 200 or not isinstance(body, list):
        told = text(mapping(body).get("message")) or "no list"
        raise ProviderUnavailable(clip(f"Bolna did not give its {what} ({answer.status_code}: {told})."))
    return objects(body)


async def _executions(connection: Connection, agent_id: str, since: datetime) -> list[dict[str, Any]]:
    """The agent's executions from a minute before `since` (clocks differ), newest window first if it is too long for one request."""
    until = datetime.now(UTC) + timedelta(minutes=1)
    start = max(since.astimezone(UTC) - timedelta(minutes=1), until - LONGEST_WINDOW)
    window = {"from": _iso(start), "to": _iso(until), "page_size": PAGE_SIZE}
    found: list[dict[str, Any]] = []
    for page in range(1, MAX_PAGES + 1):
        answer = await fetch(
            connection,
            "GET",
            _url(connection, "/v2/agent", agent_id, "executions"),
            headers=_headers(connection),
            params={**window, "page_number": page},
        )
        if answer.status_code != 200:
            raise ProviderUnavailable(f"Bolna did not list the executions ({answer.status_code}).")
        body = object_of(answer)
        found += [item for item in objects(body.get("data")) if (moment(item.get("created_at")) or until) >= start]
        if body.get("has_more") is not True:
            break
    return found


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
