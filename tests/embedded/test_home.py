"""The home directory: who owns it, what is private in it, and what it says when it cannot be used."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from autoflows.embedded.home import Home, Instance, lock, open_home, record, running, secret_key
from autoflows.embedded.processes import CannotStart

HOLD = """
import sys, time
from pathlib import Path
from autoflows.embedded.home import Instance, lock, open_home, record
home = open_home(Path(sys.argv[1]))
with lock(home, "up") as held:
    record(home, Instance(pid=1, holder="up", url="http://localhost:8000", ready=True))
    print(held, flush=True)
    time.sleep(60)
"""


def hold(home: Path) -> subprocess.Popen[str]:
    """Another process that holds the home until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline().strip() == "True"
    return process


def test_one_holder_at_a_time_and_a_killed_one_leaves_nothing_behind(new_home: Path) -> None:
    home = open_home(new_home)
    assert running(home) is None
    with hold(new_home) as other:
        with lock(home, "command") as held:
            assert not held
        found = running(home)
        assert found
        assert (found.holder, found.url) == ("up", "http://localhost:8000")
        other.kill()
        other.wait()
    assert home.instance_file.exists()
    assert running(home) is None
    with lock(home, "command") as held:
        assert held
    assert not home.instance_file.exists()


def test_what_runs_is_only_for_its_owner_to_read(new_home: Path) -> None:
    home = open_home(new_home)
    with lock(home, "up"):
        record(home, Instance(pid=7, holder="up", redis_url="redis://:secret@127.0.0.1:1/0"))
        assert stat.S_IMODE(home.instance_file.stat().st_mode) == 0o600
        assert json.loads(home.instance_file.read_text())["pid"] == 7


def test_the_secret_key_is_made_once_and_private(new_home: Path) -> None:
    home = open_home(new_home)
    key = secret_key(home)
    assert secret_key(home) == key
    assert len(key) == 44
    assert stat.S_IMODE((new_home / "secret.key").stat().st_mode) == 0o600


def test_an_empty_secret_key_is_not_silently_replaced(new_home: Path) -> None:
    (new_home / "secret.key").write_text("")
    with pytest.raises(CannotStart, match="is empty"):
        secret_key(open_home(new_home))


def test_modes_of_an_existing_directory_stay_as_they_are(new_home: Path) -> None:
    private = new_home / "private"
    private.mkdir(mode=0o700)
    open_home(private / "deep" / "home")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@pytest.mark.parametrize("path", ["/proc/autoflows", "/dev/null/home"])
def test_a_home_that_cannot_be_made_says_so(path: str) -> None:
    with pytest.raises(CannotStart, match="--home"):
        open_home(Path(path))


def test_a_read_only_home_says_so(new_home: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    new_home.chmod(0o555)
    with pytest.raises(CannotStart, match="No permission to write"):
        open_home(new_home)


def test_a_full_disk_says_so(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CannotStart, match="full"):
        open_home(new_home)


def test_paths() -> None:
    home = Home(Path("/x"))
    assert (home.logs, home.instance_file) == (Path("/x/logs"), Path("/x/run/instance.json"))
