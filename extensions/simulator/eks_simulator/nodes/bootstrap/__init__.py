# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What instances boot with that are no managed nodes: user data, read as the bootstrap of their AMI reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ...amis import image_of, is_al2
from .al2023 import al2023, is_node_config
from .encoding import unpacked
from .model import Bootstrap, Kubelet, Rejected

__all__ = ["Bootstrap", "Kubelet", "Rejected", "bootstrap"]

Reader = Callable[[bytes], Bootstrap]

_FORMS: list[tuple[Callable[[bytes], bool], Reader]] = [(is_node_config, al2023)]
"""By which form of user data an image that nobody knows is taken for one of a family."""


@lru_cache(maxsize=256)
def bootstrap(image_id: str, user_data: bytes) -> Bootstrap | None:
    """What an instance of this image means to join, if anything. The AMIs for EKS always do; of another image it
    depends on its user data. Raises Rejected."""
    reader = _reader(image_id) or _reader_by_form(user_data)
    return reader(user_data) if reader else None


def _reader(image_id: str) -> Reader | None:
    image = image_of(image_id)
    if image is None or is_al2(image.ami_type):
        return None
    return al2023


def _reader_by_form(user_data: bytes) -> Reader | None:
    try:
        data = unpacked(user_data)
    except ValueError:
        return None
    return next((reader for is_so, reader in _FORMS if is_so(data)), None)
