# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules come as zip files of source, which Python compiles anew for each task, for longer than most of them work.

Used by ``warm_module``, and, as a file by itself, by the Python of machines (``machines``).
"""

from __future__ import annotations

import hashlib
import importlib
import marshal
import os
import zipimport
from contextlib import suppress
from types import CodeType
from typing import Any


def remember(directory: str) -> None:
    """Have what is imported from zip files compiled once for each content, and kept in a directory. Others may keep
    theirs there, too, by the same version of Python."""
    importer: Any = zipimport  # typeshed does not know what is private
    machinery: Any = importlib.import_module("_imp")
    compile_source = importer._compile_source

    def remembered(path: str, source: bytes) -> CodeType:
        kept = os.path.join(directory, hashlib.blake2b(source).hexdigest())
        try:
            with open(kept, "rb") as file:
                code: CodeType = marshal.loads(file.read())  # all at once: load() asks the file for each few bytes
        except OSError:
            code = compile_source(path, source)
            with suppress(OSError):  # not everybody may write there
                _keep(kept, marshal.dumps(code))
        machinery._fix_co_filename(code, path)  # for tracebacks, as importlib does with what it finds compiled
        return code

    importer._compile_source = remembered


def _keep(path: str, content: bytes) -> None:
    ours = f"{path}.{os.urandom(8).hex()}"
    with open(ours, "wb") as file:
        file.write(content)
    os.replace(ours, path)
