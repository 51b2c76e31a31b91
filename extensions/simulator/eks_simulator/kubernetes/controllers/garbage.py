# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage collection: what belongs to an object goes with it.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from collections.abc import Iterator

from ..deleting import remove
from ..objects import Event, Object
from ..types import Type
from .context import Context, Key
from .pods import leaving

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"


class GarbageCollector:
    """Deletes the dependents of what is gone; before it goes, if it is deleted in the foreground; or sets them free.

    Its keys are uids, in the place of names."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def concerns(self, event: Event) -> Iterator[Key]:
        metadata = event.object["metadata"]
        if event.change == "DELETED" or leaving(event.object):
            yield "", metadata["uid"]
        for reference in metadata.get("ownerReferences") or []:
            owner = self._context.index.find(reference["uid"])
            if owner is None or (event.change == "DELETED" and leaving(owner[1])):
                yield "", reference["uid"]

    def reconcile(self, key: Key) -> None:
        uid = key[1]
        owner = self._context.index.find(uid)
        if owner is None:
            for kind, thing in self._context.index.dependents(uid):
                self._collect(kind, thing)
            return
        finalizers = owner[1]["metadata"].get("finalizers") or [] if leaving(owner[1]) else []
        if _ORPHAN in finalizers:
            for kind, thing in self._context.index.dependents(uid):
                self._release(kind, thing, uid)
            self._finalize(*owner, _ORPHAN)
        elif _FOREGROUND in finalizers:
            blocking = [(kind, thing) for kind, thing in self._context.index.dependents(uid) if _blocks(thing, uid)]
            for kind, thing in blocking:
                if not leaving(thing):
                    remove(self._context.objects, kind, thing, {"propagationPolicy": "Foreground"})
            if not blocking:
                self._finalize(*owner, _FOREGROUND)

    def _collect(self, kind: Type, thing: Object) -> None:
        """Delete an object if none of its owners is left; else forget those that are gone."""
        references = thing["metadata"]["ownerReferences"]
        left = [one for one in references if self._context.index.find(one["uid"])]
        if left:
            self._context.objects.change(kind, thing, metadata={**thing["metadata"], "ownerReferences": left})
        elif not leaving(thing):
            remove(self._context.objects, kind, thing, {})

    def _release(self, kind: Type, thing: Object, uid: str) -> None:
        references = [one for one in thing["metadata"]["ownerReferences"] if one["uid"] != uid]
        self._context.objects.change(kind, thing, metadata={**thing["metadata"], "ownerReferences": references})

    def _finalize(self, kind: Type, thing: Object, finalizer: str) -> None:
        finalizers = [one for one in thing["metadata"]["finalizers"] if one != finalizer]
        self._context.objects.change(kind, thing, metadata={**thing["metadata"], "finalizers": finalizers})


def _blocks(thing: Object, uid: str) -> bool:
    references = thing["metadata"]["ownerReferences"]
    return any(one["uid"] == uid and one.get("blockOwnerDeletion") for one in references)
