# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a machine has beyond those of the base, from the moment at which it boots."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file with a text, a copy of the file ``source``, or a symbolic link to ``link``; all of them root's."""

    text: str = ""
    mode: int = 0o644
    source: str = ""
    link: str = ""


Files = Mapping[str, File]
"""Files by their absolute paths on the machine."""


def as_data(files: Files) -> dict[str, dict[str, str | int]]:
    """For JSON; `File(**data)` is the way back."""
    return {path: asdict(file) for path, file in files.items()}


def put(root: Path, files: Files) -> None:
    """Put the files below ``root``, in the place of what is there; whatever the umask, directories are open to all."""
    for path, file in files.items():
        target = root / path.lstrip("/")
        for directory in reversed(target.relative_to(root).parents):
            if not (root / directory).is_dir():
                (root / directory).mkdir()
                (root / directory).chmod(0o755)
        target.unlink(missing_ok=True)
        if file.link:
            target.symlink_to(file.link)
            continue
        target.touch(0o600)
        if file.source:
            shutil.copyfile(file.source, target)
        else:
            target.write_text(file.text, encoding="utf-8")
        target.chmod(file.mode)
