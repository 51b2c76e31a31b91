# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resource is, in the words in which a user would ask for it. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import RESERVED_TAGS


def form(resource: Resource, observed: Values) -> Values:
    """An entry of ``fleet`` that describes the resource as it is: identity, settings, tags; no facts, no status."""
    identity = resource.identity_of(observed)
    own = {name: value for name, value in identity.items() if name not in _said_by_the_fleet(resource)}
    tags = {key: value for key, value in (observed.get("tags") or {}).items() if not key.startswith(RESERVED_TAGS)}
    return {
        **own,
        **(_settings(resource.options, resource.hooks.restate(observed)) or {}),
        **({"tags": tags} if tags else {}),
    }


def _said_by_the_fleet(resource: Resource) -> tuple[str, ...]:
    return tuple(resource.identity)[:1]


def _settings(option: Option, observed: Any) -> Any:
    """What of a value can be asked for; None where there is nothing."""
    if observed is None:
        return None
    if option.members is not None:
        members = {name: _settings(member, observed.get(name)) for name, member in option.members.items()}
        said = {name: value for name, value in members.items() if value is not None}
        for group in option.exclusive:
            for name in [name for name in group if name in said][1:]:
                del said[name]
        return said or None
    if option.elements is not None:
        return [item for one in observed if (item := _settings(option.elements, one)) is not None]
    return observed
