"""Reports over REST: files, pages to print, and what is sent by e-mail."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pypdf import PdfReader

from autoflows.domain.permissions import Role
from autoflows.models import ReportMailing
from autoflows.models.database import open_session
from tests.api.conftest import OWNER, Catalogue, FlowBody, People

BASE = "/api/automation/analytics"
REPORTS = f"{BASE}/reports"
DAYS = {"from": "2026-01-01", "to": "2026-01-31", "tz": "Asia/Kathmandu"}


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


async def me(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/me")).json()["id"])


async def body(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    return {"name": "Monday figures", "zone": "Asia/Kolkata", "recipients": [await me(client)], **changes}


async def test_reports_are_files_and_a_page(owner: httpx.AsyncClient) -> None:
    pdf = await owner.get(f"{BASE}/report.pdf", params={**DAYS, "view": "speed"})
    assert pdf.status_code == 200
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"] == 'attachment; filename="speed_2026-01-01_2026-01-31.pdf"'
    text = text_of(pdf.content)
    assert "01 Jan 2026 – 31 Jan 2026 (31 days)" in text
    assert "Asia/Kathmandu" in text
    xlsx = await owner.get(f"{BASE}/report.xlsx", params=DAYS)
    assert xlsx.headers["content-disposition"] == 'attachment; filename="overview_2026-01-01_2026-01-31.xlsx"'
    assert xlsx.content[:2] == b"PK"
    page = await owner.get(f"{BASE}/report.html", params={**DAYS, "view": "speed", "source": '"><script>'})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert "report.pdf?from=2026-01-01" in page.text


async def test_reports_have_the_errors_and_the_gate_of_the_figures(owner: httpx.AsyncClient, people: People) -> None:
    for ending in ("pdf", "html", "xlsx"):
        path = f"{BASE}/report.{ending}"
        wrong = await owner.get(path, params={"from": "2026-02-01", "to": "2026-01-01"})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/query/to")
        assert (await owner.get(path, params={"view": "flow"})).json()["errors"][0]["pointer"] == "/query/flow_id"
        assert (await owner.get(path, params={"view": "nonsense"})).status_code == 422
        assert (await owner.get(path, params={"flow_id": str(uuid4())})).status_code == 404
        assert (await owner.get(path, params={"channel_id": str(uuid4())})).status_code == 404
    viewer = await people.add("viewer@example.com", Role.VIEWER, owner=OWNER)
    reader = await people.add("reader@example.com", Role.MANAGER, owner=OWNER, scopes=("analytics:read",))
    for client in (viewer, reader):
        for ending in ("pdf", "html", "xlsx"):
            assert (await client.get(f"{BASE}/report.{ending}")).status_code == 403


async def test_an_execution_has_a_report_masked_for_viewers(owner: httpx.AsyncClient, people: People, flow_body: FlowBody) -> None:
    flow = (await owner.post("/api/automation/flows", json=flow_body(name="पहली कॉल 🙂"))).json()["id"]
    contact = {"name": "Asha Patel", "phone": "+919876500001", "email": "asha@example.org"}
    lead = (await owner.post("/api/contacts", json=contact)).json()
    execution = (await owner.post(f"/api/contacts/{lead['contact_id']}/enrol", json={"flow_id": flow})).json()["execution_id"]
    path = f"/api/automation/executions/{execution}/report"
    answer = await owner.get(f"{path}.pdf")
    assert answer.status_code == 200, answer.text
    text = text_of(answer.content)
    for said in ("Asha Patel", "+919876500001", "asha@example.org", "AI call", "To come", "Started it by hand"):
        assert said in text
    page = (await owner.get(f"{path}.html")).text
    assert "पहली कॉल 🙂" in page
    viewer = await people.add("viewer@example.com", Role.VIEWER, owner=OWNER)
    masked = (await viewer.get(f"{path}.html")).text
    assert "Asha Patel" in masked
    assert "+919876500001" not in masked
    assert "asha@example.org" not in masked
    stranger = await people.add("stranger@example.com", Role.OWNER)
    assert (await stranger.get(f"{path}.pdf")).status_code == 404


async def test_a_report_is_arranged_changed_paused_and_deleted(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    made = await owner.post(REPORTS, json=await body(owner, at="09:30", day=3))
    assert made.status_code == 201, made.text
    report = made.json()
    assert (report["every"], report["at"], report["is_paused"], report["last_sent_at"]) == ("week", "09:30:00", False, None)
    assert report["recipients"][0]["gets_it"]
    assert report["next_at"]
    path = f"{REPORTS}/{report['id']}"
    monthly = (await owner.patch(path, json={"every": "month", "day": 31, "days": 90, "form": "xlsx"})).json()
    assert (monthly["days"], monthly["form"]) == (90, "xlsx")
    assert monthly["next_at"] != report["next_at"]
    assert (await owner.patch(path, json={"days": None})).json()["days"] is None
    paused = (await owner.patch(path, json={"is_paused": True})).json()
    assert (paused["is_paused"], paused["next_at"]) == (True, None)
    assert (await owner.patch(path, json={"name": "Still paused"})).json()["is_paused"]
    assert (await owner.patch(path, json={"is_paused": False})).json()["next_at"]
    assert [one["name"] for one in (await owner.get(REPORTS)).json()["data"]] == ["Still paused"]
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(REPORTS)).json()["data"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"every": "week", "day": 8}, "/day"),
        ({"report": "flow"}, "/narrowed/flow_id"),
        ({"narrowed": {"version": 1}}, "/narrowed/version"),
        ({"narrowed": {"flow_id": str(uuid4())}}, "/narrowed/flow_id"),
        ({"narrowed": {"channel_id": str(uuid4())}}, "/narrowed/channel_id"),
        ({"recipients": [str(uuid4())]}, "/recipients/0"),
        ({"recipients": []}, "/recipients"),
        ({"zone": "Mars/Base"}, "/zone"),
        ({"at": "09:00:30"}, "/at"),
        ({"days": 0}, "/days"),
        ({"name": " "}, "/name"),
    ],
)
async def test_what_cannot_be_sent_is_named(owner: httpx.AsyncClient, changes: dict[str, Any], pointer: str) -> None:
    answer = await owner.post(REPORTS, json=await body(owner, **changes))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await owner.get(REPORTS)).json()["data"] == []


async def test_names_are_taken_once_and_a_refused_change_changes_nothing(owner: httpx.AsyncClient) -> None:
    first = (await owner.post(REPORTS, json=await body(owner))).json()
    assert (await owner.post(REPORTS, json=await body(owner, name="MONDAY figures"))).status_code == 409
    refused = await owner.patch(f"{REPORTS}/{first['id']}", json={"name": "Other", "day": 20})
    assert refused.status_code == 422
    strangers = await owner.patch(f"{REPORTS}/{first['id']}", json={"recipients": [str(uuid4())]})
    assert (strangers.status_code, strangers.json()["errors"][0]["pointer"]) == (422, "/recipients/0")
    assert (await owner.get(REPORTS)).json()["data"] == [first]
    other = (await owner.post(REPORTS, json=await body(owner, name="Other"))).json()
    assert (await owner.patch(f"{REPORTS}/{other['id']}", json={"name": "Monday Figures"})).status_code == 409


async def test_managers_arrange_reports_and_viewers_do_not(owner: httpx.AsyncClient, people: People) -> None:
    manager = await people.add("manager@example.com", Role.MANAGER, owner=OWNER)
    viewer = await people.add("viewer@example.com", Role.VIEWER, owner=OWNER)
    made = (await manager.post(REPORTS, json=await body(manager))).json()
    people_of = (await manager.get(f"{REPORTS}/recipients")).json()["data"]
    assert [one["email"] for one in people_of] == ["manager@example.com", OWNER]
    as_viewer = await owner.post(REPORTS, json=await body(owner, name="To a viewer", recipients=[await me(viewer)]))
    assert (as_viewer.status_code, as_viewer.json()["errors"][0]["pointer"]) == (422, "/recipients/0")
    path = f"{REPORTS}/{made['id']}"
    for call in (
        viewer.get(REPORTS),
        viewer.post(REPORTS, json=await body(owner)),
        viewer.patch(path, json={"name": "Mine"}),
        viewer.delete(path),
        viewer.post(f"{path}/send"),
        viewer.get(f"{path}/mailings"),
        viewer.get(f"{REPORTS}/recipients"),
        viewer.get(f"{REPORTS}/channel"),
    ):
        assert (await call).status_code == 403
    stranger = await people.add("stranger@example.com", Role.OWNER)
    assert (await stranger.patch(path, json={"name": "Mine"})).status_code == 404
    assert (await stranger.post(f"{path}/send")).status_code == 404
    assert (await stranger.get(f"{path}/mailings")).status_code == 404


async def test_a_member_who_left_stays_on_the_list_without_stopping_changes(owner: httpx.AsyncClient, people: People) -> None:
    manager = await people.add("manager@example.com", Role.MANAGER, owner=OWNER)
    key = await me(manager)
    made = (await owner.post(REPORTS, json=await body(owner, recipients=[await me(owner), key]))).json()
    assert (await owner.delete(f"/api/team/{key}")).status_code == 204
    changed = await owner.patch(f"{REPORTS}/{made['id']}", json={"name": "Renamed"})
    assert changed.status_code == 200, changed.text
    assert [one["gets_it"] for one in changed.json()["recipients"]] == [True, False]


async def test_the_channel_that_reports_go_out_by_is_told(owner: httpx.AsyncClient) -> None:
    told = (await owner.get(f"{REPORTS}/channel")).json()
    assert told["channel_id"] is None
    assert "no e-mail channel" in told["problem"]


async def test_the_working_channel_is_told(owner: httpx.AsyncClient, catalogue: Catalogue) -> None:
    told = (await owner.get(f"{REPORTS}/channel")).json()
    assert (told["channel_id"], told["name"], told["problem"]) == (str(catalogue.channel_ids["smtp"]), "smtp", "")


async def test_a_report_is_sent_now_once_and_one_mail_again_when_a_person_says_so(owner: httpx.AsyncClient) -> None:
    made = (await owner.post(REPORTS, json=await body(owner))).json()
    path = f"{REPORTS}/{made['id']}"
    assert (await owner.post(f"{path}/send")).status_code == 202
    assert (await owner.post(f"{path}/send")).status_code == 409
    [mail] = (await owner.get(f"{path}/mailings")).json()["data"]
    assert (mail["status"], mail["recipient"]) == ("queued", "Owner")
    again = f"{path}/mailings/{mail['id']}/send"
    assert (await owner.post(again)).status_code == 409
    async with open_session() as session:
        row = await session.get_one(ReportMailing, UUID(mail["id"]))
        row.status, row.error = "unknown", "nobody told"
    assert "It is not known whether Owner got it: nobody told." in (await owner.get(REPORTS)).json()["data"][0]["last_problem"]
    assert (await owner.post(again)).status_code == 202
    assert (await owner.get(f"{path}/mailings")).json()["data"][0]["status"] == "queued"
    await owner.patch(path, json={"is_paused": True})
    assert (await owner.get(f"{path}/mailings")).json()["data"][0]["status"] == "skipped"
    assert (await owner.post(f"{path}/mailings/{uuid4()}/send")).status_code == 404
