"""Where an archive may be mounted; none of it needs FUSE."""

from __future__ import annotations

import pytest

from nlac._errors import UsageError
from nlac.mount.mounting import Mount


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing", "no such folder"),
        ("archive/sub", "one of the folders lies in the other"),
        ("full", "not empty; what is in it would be hidden"),
        # where something is mounted on every system
        ("/proc", "something is mounted there already"),
    ],
)
def test_folders_that_do_not_do(tmp_path, place, reason):
    (tmp_path / "archive" / "sub").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    if place.startswith("/") and not (tmp_path / place).is_mount():
        pytest.skip("no /proc here")
    with pytest.raises(UsageError, match=reason):
        Mount(tmp_path / "archive", tmp_path / place)
