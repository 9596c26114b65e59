"""The frontend build: when it is due, and that the bundle talks to wherever it came from."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from autoflows.embedded.frontend import digest, point_at_origin
from autoflows.embedded.processes import CannotStart
from autoflows.embedded.toolchain import BUN_VERSION, LEAST_BUN
from autoflows.embedded.web import SOURCE

BAKED = "var e={EVENT:`ws://localhost:8000/_event`,UPLOAD:`http://localhost:8000/_upload`,TRANSPORT:`websocket`};export{e as t};"


def client(tmp_path: Path, text: str) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "reflex-env-AbC.js").write_text(text)
    (tmp_path / "assets" / "reflex-env-AbC.js.gz").write_bytes(b"old")
    return tmp_path


def test_the_bundle_talks_to_its_own_origin_plain_and_packed(tmp_path: Path) -> None:
    point_at_origin(client(tmp_path, BAKED))
    text = (tmp_path / "assets" / "reflex-env-AbC.js").read_text()
    assert "localhost" not in text
    assert '`${location.origin.replace("http","ws")}/_event`' in text
    assert "`${location.origin}/_upload`" in text
    assert gzip.decompress((tmp_path / "assets" / "reflex-env-AbC.js.gz").read_bytes()).decode() == text


@pytest.mark.parametrize("text", ["", "var e={EVENT:'ws://localhost:8000/_event'};"])
def test_a_bundle_that_looks_different_is_not_served_unchanged(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotStart, match="Reflex's version"):
        point_at_origin(client(tmp_path, text))


def tree(root: Path) -> Path:
    for name in ("autoflows/ui/page.py", "autoflows/services/flows.py", "assets/logo.svg", "rxconfig.py", "requirements.lock"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.mark.parametrize("name", ["autoflows/ui/page.py", "assets/logo.svg", "rxconfig.py", "requirements.lock", "reflex.lock/bun.lock"])
def test_a_change_of_what_the_bundle_is_made_of_is_seen(tmp_path: Path, name: str) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("changed")
    assert digest(tmp_path) != before


@pytest.mark.parametrize("name", ["autoflows/services/flows.py", "assets/external/x.jsx", "autoflows/ui/__pycache__/page.pyc", "README.md"])
def test_other_changes_are_no_reason_to_build(tmp_path: Path, name: str) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("changed")
    assert digest(tmp_path) == before


def test_a_renamed_file_is_a_change(tmp_path: Path) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / "autoflows/ui/page.py").rename(tmp_path / "autoflows/ui/other.py")
    assert digest(tmp_path) != before


def test_the_pinned_bun_is_one_reflex_takes_and_the_lock_is_committed() -> None:
    assert tuple(int(part) for part in BUN_VERSION.split(".")) >= LEAST_BUN
    assert (SOURCE / "reflex.lock" / "bun.lock").is_file()
    assert (SOURCE / "reflex.lock" / "package.json").is_file()
