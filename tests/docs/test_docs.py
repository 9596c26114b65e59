"""The documentation names only what exists: links, headings, make targets, commands, settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from autoflows.cli import main
from autoflows.embedded.web import SOURCE
from autoflows.settings import Settings
from tests.docs import diagram

LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=SOURCE, capture_output=True, text=True, check=False
).stdout.split()
PAGES = sorted(SOURCE / name for name in LISTED if (SOURCE / name).is_file()) or sorted(SOURCE.glob("docs/**/*.md"))
# Read by one command each rather than by every process.
OTHER_VARIABLES = {"AUTOFLOWS_PASSWORD", "AUTOFLOWS_DEMO_TOKEN"}


def name_of(page: Path) -> str:
    return str(page.relative_to(SOURCE))


def prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_there_are_pages() -> None:
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_and_commands_exist(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (SOURCE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:`|^)autoflows ([a-z-]+)", text, re.MULTILINE)) <= set(main.commands)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_exist(page: Path) -> None:
    known = {f"AUTOFLOWS_{field.upper()}" for field in Settings.model_fields} | OTHER_VARIABLES
    assert set(re.findall(r"AUTOFLOWS_[A-Z_]*[A-Z]", page.read_text())) <= known


def test_the_state_diagrams_are_the_codes() -> None:
    text = diagram.PAGE.read_text()
    assert text.count("drawn from the code") == len(diagram.DIAGRAMS)
    assert diagram.drawn(text) == text, "draw them again: python -m tests.docs.diagram"
