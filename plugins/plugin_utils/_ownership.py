# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources a role of ours made, and which tags they lack. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Resource = Mapping[str, Any]


def is_owned(resource: Resource, owner: Mapping[str, str]) -> bool:
    """Whether a resource carries every ownership tag; ``resource["tags"]`` is a mapping, or absent."""
    tags = resource.get("tags") or {}
    return all(tags.get(key) == value for key, value in owner.items())


def owned(resources: Iterable[Resource] | None, owner: Mapping[str, str]) -> list[Resource]:
    """The resources that carry every ownership tag."""
    return [resource for resource in resources or [] if is_owned(resource, owner)]


def foreign(resources: Iterable[Resource] | None, owner: Mapping[str, str]) -> list[Resource]:
    """The resources that lack an ownership tag: never ours to change."""
    return [resource for resource in resources or [] if not is_owned(resource, owner)]


def tag_changes(resource: Resource, wanted: Mapping[str, str]) -> list[str]:
    """What to say of the tags that a resource lacks; tags that were not asked for are nobody's business."""
    present = resource.get("tags") or {}
    return [f"tag {key}={value}" for key, value in wanted.items() if present.get(key) != value]


def owner_text(owner: Mapping[str, str]) -> str:
    """The ownership tags as a message names them: ``flotilla.eks/cluster=demo``."""
    return ", ".join(f"{key}={value}" for key, value in owner.items())
