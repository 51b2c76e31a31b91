# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where releases of nodeadm for machines on premises are, and how they are told from what is none. Pure; runs on hosts.

https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-nodeadm.html. There are checksums, and no signatures.
"""

from __future__ import annotations

import hashlib
import re

RELEASES = "https://hybrid-assets.eks.amazonaws.com/releases"
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""By what `platform.machine` says."""
_PINNED = re.compile(r"v\d+\.\d+\.\d+")
_VERSION = re.compile(r"v\d+\.\d+\.\d+\S*")
_DIGESTS = {"sha256": 64, "sha512": 128}
"""Kinds of checksums, and how many hexadecimal digits they have."""
_CHECKSUM = re.compile(r"(?:(sha256|sha512):)?([0-9a-fA-F]+)")


class NoRelease(ValueError):
    """What was asked for, or found, is no release. The text says what to do."""


def url_of(releases: str, version: str, machine: str) -> str:
    """The address of the program. Raises NoRelease."""
    if not _PINNED.fullmatch(version):
        raise NoRelease(f"nodeadm_version: {version!r} is no version such as v1.0.20")
    if machine not in ARCHITECTURES:
        raise NoRelease(f"there is no nodeadm for {machine}, only for {', '.join(sorted(set(ARCHITECTURES.values())))}")
    return f"{releases.rstrip('/')}/{version}/bin/linux/{ARCHITECTURES[machine]}/nodeadm"


def checksum_of(text: str) -> tuple[str, str]:
    """Kind and digits of a checksum: alone, after its kind (``sha256:...``) or before a name. Raises NoRelease."""
    found = _CHECKSUM.fullmatch((text.split() or [""])[0])
    if found:
        kind = found.group(1) or {length: name for name, length in _DIGESTS.items()}.get(len(found.group(2)), "")
        if _DIGESTS.get(kind) == len(found.group(2)):
            return kind, found.group(2).lower()
    raise NoRelease(f"{text[:80]!r} is no checksum of sha256 or sha512")


def matches(content: bytes, checksum: tuple[str, str]) -> bool:
    """Whether a content has a checksum."""
    kind, digits = checksum
    return hashlib.new(kind, content).hexdigest() == digits


def version_in(said: str) -> str:
    """The version that ``nodeadm --version`` tells; empty if it tells none."""
    found = _VERSION.search(said)
    return found.group(0) if found else ""


def is_version(wanted: str, kubelet: str | None) -> bool:
    """Whether a kubelet, v1.34.1-eks-99d6cc0, is of a Kubernetes version: 1.34, or 1.34.1."""
    return bool(kubelet) and re.match(rf"v{re.escape(wanted)}(?![0-9])", str(kubelet)) is not None
