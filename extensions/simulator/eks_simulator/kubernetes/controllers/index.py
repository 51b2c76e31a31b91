# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects by what they belong to. Kept up to date by events, so that nobody has to look through all objects."""

from __future__ import annotations

from collections import Counter, defaultdict

from ..objects import Event, Object
from ..types import POD, Type
from .pods import occupies, requests

Entry = tuple[Type, Object]


class Index:
    """The objects of each namespace and owner, and the pods of each node with what they ask of it."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Entry] = {}
        self._by_namespace: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
        self._by_owner: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
        self._by_node: defaultdict[str, dict[str, Object]] = defaultdict(dict)
        self._requested: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def find(self, uid: str) -> Entry | None:
        """The object of a uid."""
        return self._by_uid.get(uid)

    def within(self, namespace: str) -> list[Entry]:
        """All objects of a namespace."""
        return list(self._by_namespace.get(namespace, {}).values())

    def dependents(self, uid: str) -> list[Entry]:
        """The objects that name the one of this uid as an owner."""
        return list(self._by_owner.get(uid, {}).values())

    def owned(self, uid: str, kind: Type) -> list[Object]:
        """The dependents of a type."""
        return [thing for its_kind, thing in self._by_owner.get(uid, {}).values() if its_kind is kind]

    def pods_in(self, namespace: str) -> list[Object]:
        return [thing for kind, thing in self._by_namespace.get(namespace, {}).values() if kind is POD]

    def pods_on(self, node: str) -> list[Object]:
        """The pods that are bound to a node, whether it exists or not."""
        return list(self._by_node.get(node, {}).values())

    def requested(self, node: str) -> Counter[str]:
        """What the pods of a node ask for together, by resource, in thousandths; `pods` counts them."""
        return self._requested.get(node, Counter())

    def take(self, event: Event) -> None:
        """Learn of an event."""
        if event.before is not None:
            self._forget(event.kind, event.before)
        if event.change != "DELETED":
            self._learn(event.kind, event.object)

    def _learn(self, kind: Type, thing: Object) -> None:
        uid, namespace = thing["metadata"]["uid"], thing["metadata"].get("namespace")
        self._by_uid[uid] = kind, thing
        if namespace:
            self._by_namespace[namespace][uid] = kind, thing
        for reference in thing["metadata"].get("ownerReferences") or []:
            self._by_owner[reference["uid"]][uid] = kind, thing
        if kind is POD and thing["spec"].get("nodeName"):
            self._by_node[thing["spec"]["nodeName"]][uid] = thing
            if occupies(thing):
                self._requested[thing["spec"]["nodeName"]].update(requests(thing))

    def _forget(self, kind: Type, thing: Object) -> None:
        uid, namespace = thing["metadata"]["uid"], thing["metadata"].get("namespace")
        self._by_uid.pop(uid, None)
        if namespace:
            self._by_namespace[namespace].pop(uid, None)
        for reference in thing["metadata"].get("ownerReferences") or []:
            self._by_owner[reference["uid"]].pop(uid, None)
        if kind is POD and thing["spec"].get("nodeName"):
            self._by_node[thing["spec"]["nodeName"]].pop(uid, None)
            if occupies(thing):
                self._requested[thing["spec"]["nodeName"]].subtract(requests(thing))
