# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a stored object may never change: the notes of Kubernetes' API reference on its members. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import invalid
from .formats import Problem
from .objects import Object, member
from .types import (
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    NODE,
    POD,
    REPLICA_SET,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Type,
)

_FIXED = {
    DEPLOYMENT: ("spec.selector",),
    REPLICA_SET: ("spec.selector",),
    DAEMON_SET: ("spec.selector",),
    SERVICE: ("spec.clusterIP",),
    SECRET: ("type",),
    ROLE_BINDING: ("roleRef",),
    CLUSTER_ROLE_BINDING: ("roleRef",),
    NODE: ("spec.providerID",),
}
_SETTLED = (SERVICE, NODE)
"""Where it is fixed once it has been said."""
_STATEFUL = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)

_CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations`"
    " (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1)"
)


def require_changeable(kind: Type, current: Object, new: Object) -> None:
    """Raises ApiError Invalid if a change touches what is immutable."""
    found = list(_problems(kind, current, new))
    if found:
        raise invalid(kind, current["metadata"]["name"], found)


def _problems(kind: Type, current: Object, new: Object) -> Iterator[Problem]:
    for path in _FIXED.get(kind, ()):
        before, after = member(current, path), member(new, path)
        if before != after and (before or kind not in _SETTLED):
            yield path, f"Invalid value: {after!r}: field is immutable"
    if kind in (CONFIG_MAP, SECRET) and current.get("immutable"):
        for name in ("data", "binaryData", "immutable"):
            if current.get(name) != new.get(name):
                yield name, "Forbidden: field is immutable when `immutable` is set"
    if kind is STATEFUL_SET and _without(current["spec"], _STATEFUL) != _without(new["spec"], _STATEFUL):
        listed = f"{', '.join(repr(one) for one in _STATEFUL[:-1])} and {_STATEFUL[-1]!r}"
        yield "spec", f"Forbidden: updates to statefulset spec for fields other than {listed} are forbidden"
    if kind is POD:
        yield from _pod(current["spec"], new["spec"])


def _pod(current: dict[str, Any], new: dict[str, Any]) -> Iterator[Problem]:
    """Images and the time to end; tolerations can be added."""
    lost = [one for one in current.get("tolerations") or [] if one not in (new.get("tolerations") or [])]
    if lost or _frozen(current) != _frozen(new):
        yield "spec", f"Forbidden: pod updates may not change fields other than {_CHANGEABLE}"


def _frozen(spec: dict[str, Any]) -> dict[str, Any]:
    members = ("containers", "initContainers")
    rest = _without(spec, ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", *members))
    return {**rest, **{name: [_without(one, ("image",)) for one in spec.get(name) or []] for name in members}}


def _without(value: dict[str, Any], members: tuple[str, ...]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if name not in members}
