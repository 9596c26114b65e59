"""The bootstrap: readable by old Pythons, clear about what it needs, and it installs all that the code needs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(bootstrap.__file__).parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(ROOT / "bootstrap.py"), *arguments], capture_output=True, text=True, check=False)


def test_an_old_python_can_read_it_and_look_for_a_newer_one() -> None:
    source = (ROOT / "bootstrap.py").read_text()
    statements = ast.parse(source, feature_version=(3, 6)).body
    used = {each.name for line in statements if isinstance(line, ast.Import) for each in line.names}
    used |= {str(line.module).split(".")[0] for line in statements if isinstance(line, ast.ImportFrom)}
    assert used
    assert used <= sys.stdlib_module_names


def test_without_a_command_it_says_what_it_can_do() -> None:
    done = run()
    assert done.returncode == 0
    assert "python3 bootstrap.py COMMAND" in done.stdout
    assert run("dance").returncode == 2


def test_this_python_fits_and_a_missing_one_does_not() -> None:
    assert bootstrap.version_of(sys.executable) == sys.version_info[:2]
    assert bootstrap.version_of("/nonexistent/python3.12") is None
    assert bootstrap.version_of("/bin/false") is None


def test_a_python_that_does_not_fit_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(bootstrap, "candidates", list)
    with pytest.raises(SystemExit) as ended:
        bootstrap.use_fitting_python()
    assert ended.value.code == 1
    assert "needs Python 3.11, 3.12 or 3.13; this is 3.9.2" in capsys.readouterr().err


@pytest.mark.parametrize(("lock", "group"), [("requirements.lock", "project"), ("requirements-dev.lock", "dev")])
def test_the_lock_files_hold_all_that_is_declared_each_with_hashes(lock: str, group: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = declared["project"]["dependencies"] + (declared["dependency-groups"]["dev"] if group == "dev" else [])
    text = (ROOT / lock).read_text()
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}
    assert {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in wanted} <= locked
    assert len(re.findall(r"^[A-Za-z0-9._-]+==[^\n]*\\\n    --hash=", text, re.MULTILINE)) == len(re.findall(r"^\S+==", text, re.MULTILINE))


def test_the_two_locks_agree() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
