# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a kubeconfig: where it is, who may read it, and how it is replaced: whole, and never open to others."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import KubeconfigError

MODE = 0o600
OTHERS = 0o077


def locate(path: str | None, environment: Mapping[str, str]) -> str:
    """The file to use: the one given, else what kubectl would write to; links are followed."""
    listed = [entry for entry in environment.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return os.path.realpath(os.path.expanduser(path or (listed or ["~/.kube/config"])[0]))


def read(path: str) -> str:
    """The text of the file, empty if there is none. Raises KubeconfigError."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise KubeconfigError("is not text in UTF-8") from None
    except OSError as error:
        raise KubeconfigError(f"cannot be read: {error.strerror}") from None


def lax_mode(path: str) -> int | None:
    """The mode of a file that others than its owner may use in any way; None for a safe or missing one."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None
    return mode if mode & OTHERS else None


@contextmanager
def locked(path: str, warn: Callable[[str], None]) -> Iterator[None]:
    """Keeps other tasks of this collection from changing the file meanwhile; makes its directory, for the owner alone.

    The directory is what is locked: the file is replaced, not rewritten, and a lock on the old one would hold nobody.
    The kernel drops the lock with the process, however that ends.
    """
    directory = os.path.dirname(path)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            warn(
                f"{directory} cannot be locked ({error.strerror}): tasks that write {path} at once may undo each other"
            )
        yield
    finally:
        os.close(descriptor)


def write(module: Any, path: str, text: str, backup: bool) -> str | None:
    """Puts the text in the place of the file, mode 0600; the name of the backup copy if one was asked for and made.

    Modes are narrowed before the new text comes, as ``atomic_move`` passes those of the old file on.
    """
    narrow(path)
    copy = module.backup_local(path) if backup and os.path.exists(path) else None
    descriptor, draft = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    module.atomic_move(draft, path)
    return copy


def narrow(path: str) -> None:
    """Takes all rights of others away from a file."""
    if lax_mode(path) is not None:
        os.chmod(path, MODE)
