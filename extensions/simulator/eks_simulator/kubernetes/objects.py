# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of one cluster, what etcd and the API machinery's registry are to a real one.

A stored object never changes: each change puts a new one in its place, with the next revision, and enters an event in
the log that watches read. Callers hand over what they no longer touch, and do not touch what they get.
"""

from __future__ import annotations

import copy
import secrets
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from .errors import ApiError, already_exists, conflict, not_found
from .types import NAMESPACE, POD, TYPES, Type

Object = dict[str, Any]

_MEMORY = 20_000
"""How many events the log keeps. Who asks for older ones is told that they are gone, and lists again."""
_VOLATILE = ("resourceVersion", "generation")


@dataclass(frozen=True)
class Event:
    """What happened to an object: ADDED, MODIFIED or DELETED. `before` is what it was."""

    revision: int
    change: str
    kind: Type
    object: Object
    before: Object | None = None


def timestamp(moment: datetime) -> str:
    """A moment as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def name_of(thing: Object) -> tuple[str, str]:
    """Namespace (empty for what has none) and name."""
    metadata = thing["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def member(thing: Any, path: str) -> Any:
    """What is at a path such as `spec.nodeName`; None if there is nothing."""
    for name in path.split("."):
        thing = (thing or {}).get(name)
    return thing


class Objects:
    """All objects of a cluster, by type, namespace and name."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._stored: dict[Type, dict[tuple[str, str], Object]] = {kind: {} for kind in TYPES if kind.stored}
        self._log: deque[Event] = deque(maxlen=_MEMORY)
        self._listeners: list[Callable[[Event], None]] = []
        self.revision = 1

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with each event, as it happens."""
        self._listeners.append(listener)

    def copy(self) -> Objects:
        """The same objects, for trying what would become of them. Nobody hears of it, and its log begins empty."""
        copied = Objects(self._now)
        copied._stored = {kind: dict(stored) for kind, stored in self._stored.items()}
        copied.revision = self.revision
        return copied

    def find(self, kind: Type, namespace: str, name: str) -> Object | None:
        return self._stored[kind].get((namespace, name))

    def get(self, kind: Type, namespace: str, name: str) -> Object:
        """Raises ApiError NotFound."""
        found = self.find(kind, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return found

    def list(self, kind: Type, namespace: str | None = None, revision: int | None = None) -> list[Object]:
        """Those of a namespace, or of all, by namespace and name; now, or as they were at an earlier revision.

        Raises ApiError Expired if the log no longer reaches back so far.
        """
        stored = self._stored[kind]
        if revision is not None and revision < self.revision:
            stored = dict(stored)
            for event in reversed(list(self.since(revision))):
                if event.kind is kind:
                    _undo(stored, event)
        return [stored[key] for key in sorted(stored) if namespace in (None, key[0])]

    def create(self, kind: Type, thing: Object) -> Object:
        """Store a new object with all that the server adds to its metadata. Raises ApiError AlreadyExists, and NotFound
        if its namespace is missing."""
        metadata = dict(thing["metadata"])
        if not metadata.get("name"):
            metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
        if kind.namespaced and self.find(NAMESPACE, "", metadata["namespace"]) is None:
            raise not_found(NAMESPACE, metadata["namespace"])
        key = (metadata.get("namespace", ""), metadata["name"])
        if key in self._stored[kind]:
            raise already_exists(kind, metadata["name"])
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp(self._now())}
        if "spec" in thing:
            metadata["generation"] = 1
        new = {"apiVersion": kind.group_version, "kind": kind.kind, **thing, "metadata": metadata}
        return self._put("ADDED", kind, new, None)

    def replace(self, kind: Type, thing: Object) -> Object:
        """Put `thing` in the place of the stored object of its name. One that says nothing new leaves it as it is.

        Raises ApiError NotFound, and Conflict if it bears the revision or uid of an earlier object.
        """
        namespace, name = name_of(thing)
        current = self.get(kind, namespace, name)
        metadata, kept = thing["metadata"], current["metadata"]
        for member in ("resourceVersion", "uid"):
            if metadata.get(member) not in (None, "", kept[member]):
                raise conflict(kind, name)
        immutable = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
        metadata = {**metadata, **{member: kept[member] for member in immutable if member in kept}}
        new = {**thing, "apiVersion": kind.group_version, "kind": kind.kind, "metadata": metadata}
        if _said(new) == _said(current):
            return current
        if _wanted(new) != _wanted(current) and "generation" in kept:
            metadata["generation"] = kept["generation"] + 1
        if "deletionTimestamp" in kept and not metadata.get("finalizers") and not _ends_later(kind, kept):
            return self.remove(kind, namespace, name)
        return self._put("MODIFIED", kind, new, current)

    def change(self, kind: Type, thing: Object, **members: Any) -> Object:
        """Replace top members of the current object of that name, say `status`. Raises ApiError NotFound."""
        return self.replace(kind, {**self.get(kind, *name_of(thing)), **members})

    def condemn(self, kind: Type, namespace: str, name: str, grace: int) -> Object:
        """Mark an object as being deleted, for finalizers or the kubelet to end. A second time changes nothing but
        shortens the grace. Raises ApiError NotFound."""
        current = self.get(kind, namespace, name)
        kept = current["metadata"]
        if "deletionTimestamp" in kept and kept.get("deletionGracePeriodSeconds", 0) <= grace:
            return current
        marks = {"deletionTimestamp": timestamp(self._now()), "deletionGracePeriodSeconds": grace}
        return self._put("MODIFIED", kind, {**current, "metadata": {**kept, **marks}}, current)

    def remove(self, kind: Type, namespace: str, name: str) -> Object:
        """Take an object away, at once. Raises ApiError NotFound."""
        current = self.get(kind, namespace, name)
        del self._stored[kind][namespace, name]
        return self._enter("DELETED", kind, copy.deepcopy(current), current)

    def since(self, revision: int) -> Iterator[Event]:
        """The events after `revision`. Raises ApiError Expired if the log no longer reaches back so far."""
        if self._log and self._log[0].revision > revision + 1 and len(self._log) == _MEMORY:
            raise ApiError("Expired", f"too old resource version: {revision} ({self._log[0].revision})")
        return reversed(list(takewhile(lambda event: event.revision > revision, reversed(self._log))))

    def _put(self, change: str, kind: Type, new: Object, before: Object | None) -> Object:
        self._stored[kind][name_of(new)] = new
        return self._enter(change, kind, new, before)

    def _enter(self, change: str, kind: Type, thing: Object, before: Object | None) -> Object:
        self.revision += 1
        thing["metadata"]["resourceVersion"] = str(self.revision)
        event = Event(self.revision, change, kind, thing, before)
        self._log.append(event)
        for listener in self._listeners:
            listener(event)
        return thing


def _undo(stored: dict[tuple[str, str], Object], event: Event) -> None:
    if event.before is None:
        del stored[name_of(event.object)]
    else:
        stored[name_of(event.object)] = event.before


def _ends_later(kind: Type, metadata: Object) -> bool:
    """Whether an object that is being deleted waits for more than its finalizers: a namespace until it is empty, a pod
    in its grace period until its containers have ended."""
    return kind is NAMESPACE or (kind is POD and bool(metadata.get("deletionGracePeriodSeconds")))


def _said(thing: Object) -> Object:
    """All of an object that its writer can mean."""
    metadata = {name: value for name, value in thing["metadata"].items() if name not in _VOLATILE and value}
    return {**thing, "metadata": metadata}


def _wanted(thing: Object) -> Object:
    """What the generation counts changes of."""
    return {name: value for name, value in thing.items() if name not in ("metadata", "status", "apiVersion", "kind")}
