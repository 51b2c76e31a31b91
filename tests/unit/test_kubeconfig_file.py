# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a kubeconfig: where it is, who may read it at any moment, and that writers wait for each other."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import KubeconfigError
from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.file import (
    lax_mode,
    locate,
    locked,
    narrow,
    read,
    write,
)


class Module:
    """What ``write`` needs of AnsibleModule. Like it, hands the mode of the old file on to the new one."""

    def __init__(self, tmpdir: Path) -> None:
        self.tmpdir = str(tmpdir)
        self.modes: list[int] = []

    def backup_local(self, path: str) -> str:
        return str(shutil.copy2(path, path + "~"))

    def atomic_move(self, source: str, path: str) -> None:
        if os.path.exists(path):
            shutil.copystat(path, source)
        self.modes.append(os.stat(source).st_mode & 0o777)
        os.replace(source, path)


@pytest.mark.parametrize(
    ("path", "environment", "found"),
    [
        (None, {}, "{home}/.kube/config"),
        (None, {"KUBECONFIG": ""}, "{home}/.kube/config"),
        (None, {"KUBECONFIG": "/a:/b"}, "/a"),
        (None, {"KUBECONFIG": ":/b"}, "/b"),
        ("~/mine", {"KUBECONFIG": "/a"}, "{home}/mine"),
    ],
)
def test_which_file(path: str | None, environment: dict[str, str], found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/user")
    assert locate(path, environment) == found.format(home="/home/user")


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "config")
    assert locate(str(tmp_path / "link"), {}) == str(tmp_path / "config")


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert read(str(tmp_path / "config")) == ""


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"\xff\xfe")
    with pytest.raises(KubeconfigError, match="is not text in UTF-8"):
        read(str(tmp_path / "config"))
    with pytest.raises(KubeconfigError, match="cannot be read: Is a directory"):
        read(str(tmp_path))


@pytest.mark.parametrize(("mode", "lax", "after"), [(0o600, None, 0o600), (0o400, None, 0o400), (0o640, 0o640, 0o600)])
def test_only_a_lax_mode_is_narrowed(tmp_path: Path, mode: int, lax: int | None, after: int) -> None:
    file = tmp_path / "config"
    file.touch()
    file.chmod(mode)
    assert lax_mode(str(file)) == lax
    narrow(str(file))
    assert file.stat().st_mode & 0o777 == after


def test_a_missing_file_is_not_lax(tmp_path: Path) -> None:
    assert lax_mode(str(tmp_path / "config")) is None


def test_new_text_and_backup_are_never_open_to_others(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("old")
    file.chmod(0o666)
    module = Module(tmp_path)
    copy = write(module, str(file), "new", backup=True)
    assert module.modes == [0o600]
    assert copy is not None
    assert Path(copy).read_text() == "old"
    assert (Path(copy).stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o600, 0o600)


def test_line_ends_are_written_as_they_were_read(tmp_path: Path) -> None:
    file = str(tmp_path / "config")
    write(Module(tmp_path), file, "a\r\nb\n", backup=True)
    assert read(file) == "a\r\nb\n"


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    with locked(str(directory / "config"), pytest.fail):
        assert not _is_free(directory)
    assert _is_free(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def _is_free(directory: Path) -> bool:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_a_directory_that_cannot_be_locked_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> Any:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", refuse)
    warnings: list[str] = []
    with locked(str(tmp_path / "config"), warnings.append):
        pass
    assert "cannot be locked (Bad file descriptor)" in warnings[0]
