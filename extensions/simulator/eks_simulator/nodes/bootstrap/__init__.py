# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What instances boot with that are no managed nodes: user data, read as the bootstrap of their AMI reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ... import amis
from .al2023 import al2023, is_node_config
from .bottlerocket import bottlerocket, is_bottlerocket
from .cloud_init import al2, calls_bootstrap, ubuntu
from .encoding import unpacked
from .model import Bootstrap, Kubelet, Rejected
from .windows import is_windows, windows

__all__ = ["Bootstrap", "Kubelet", "Rejected", "bootstrap", "family"]

Reader = Callable[[bytes], Bootstrap | None]

_READERS: dict[str, Reader] = {
    "al2": al2,
    "al2023": al2023,
    "bottlerocket": bottlerocket,
    "ubuntu": ubuntu,
    "windows": windows,
}
_TYPES: list[tuple[str, Callable[[str], bool]]] = [
    ("bottlerocket", amis.is_bottlerocket),
    ("windows", amis.is_windows),
    ("ubuntu", amis.is_ubuntu),
    ("al2", amis.is_al2),
]
"""Which AMI types are of which family; all others are of Amazon Linux 2023."""
_FORMS: list[tuple[str, Callable[[bytes], bool]]] = [
    ("al2023", is_node_config),
    ("windows", is_windows),
    ("ubuntu", calls_bootstrap),
    ("bottlerocket", is_bottlerocket),
]
"""By which form of user data an image that nobody knows is taken for one of a family."""


@lru_cache(maxsize=256)
def bootstrap(image_id: str, user_data: bytes) -> Bootstrap | None:
    """What an instance of this image means to join, if anything. Raises Rejected."""
    reader = _READERS.get(family(image_id, user_data))
    return reader(user_data) if reader else None


@lru_cache(maxsize=256)
def family(image_id: str, user_data: bytes) -> str:
    """al2, al2023, bottlerocket, ubuntu or windows; nothing of an image of which nobody can tell."""
    image = amis.image_of(image_id)
    if image is None:
        return _by_form(user_data)
    return next((name for name, is_it in _TYPES if is_it(image.ami_type)), "al2023")


def _by_form(user_data: bytes) -> str:
    try:
        data = unpacked(user_data)
    except ValueError:
        return ""
    return next((name for name, is_it in _FORMS if is_it(data)), "")
