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

__all__ = ["Bootstrap", "Kubelet", "Rejected", "bootstrap"]

Reader = Callable[[bytes], Bootstrap | None]

_FAMILIES: list[tuple[Callable[[str], bool], Reader]] = [
    (amis.is_bottlerocket, bottlerocket),
    (amis.is_windows, windows),
    (amis.is_ubuntu, ubuntu),
    (amis.is_al2, al2),
    (lambda ami_type: True, al2023),
]
_FORMS: list[tuple[Callable[[bytes], bool], Reader]] = [
    (is_node_config, al2023),
    (is_windows, windows),
    (calls_bootstrap, ubuntu),
    (is_bottlerocket, bottlerocket),
]
"""By which form of user data an image that nobody knows is taken for one of a family."""


@lru_cache(maxsize=256)
def bootstrap(image_id: str, user_data: bytes) -> Bootstrap | None:
    """What an instance of this image means to join, if anything. Raises Rejected."""
    image = amis.image_of(image_id)
    reader = _by_form(user_data) if image is None else _of_family(image.ami_type)
    return reader(user_data) if reader else None


def _of_family(ami_type: str) -> Reader:
    return next(reader for is_it, reader in _FAMILIES if is_it(ami_type))


def _by_form(user_data: bytes) -> Reader | None:
    try:
        data = unpacked(user_data)
    except ValueError:
        return None
    return next((reader for is_it, reader in _FORMS if is_it(data)), None)
