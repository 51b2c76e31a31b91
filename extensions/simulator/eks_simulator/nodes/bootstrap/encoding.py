# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How user data is packed: in base64, with gzip, or not at all. Pure."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib

_GZIP = b"\x1f\x8b"


def decoded(data: bytes) -> bytes:
    """What can be base64 is; all else is as it is."""
    try:
        return base64.b64decode(re.sub(rb"[\r\n]", b"", data), validate=True)
    except binascii.Error:
        return data


def unpacked(data: bytes) -> bytes:
    """Without gzip. Raises ValueError for what begins as gzip and is none."""
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as problem:
        raise ValueError(f"gzip: {problem}") from None
