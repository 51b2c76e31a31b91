# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How controllers delete: as a DELETE request does."""

from __future__ import annotations

from ..objects import Object, Objects, name_of
from ..types import POD, Type
from .pods import bound, ended

GRACE = 30
"""Seconds between the request to delete a pod and the end of its containers, unless it says otherwise (API reference,
PodSpec.terminationGracePeriodSeconds)."""


def delete(objects: Objects, kind: Type, thing: Object, finalizer: str = "") -> None:
    """Delete an object: at once, unless a finalizer holds it back (the given one, too) or a kubelet has to end it."""
    kept = thing["metadata"].get("finalizers") or []
    if finalizer and kind is not POD:
        kept = [*kept, finalizer]
        objects.change(kind, thing, metadata={**thing["metadata"], "finalizers": kept})
    grace = _grace(thing) if kind is POD else 0
    if grace or kept:
        objects.condemn(kind, *name_of(thing), grace)
    else:
        objects.remove(kind, *name_of(thing))


def _grace(pod: Object) -> int:
    """A pod that no kubelet has yet, or that has ended, needs none."""
    if not bound(pod) or ended(pod):
        return 0
    wanted = pod["spec"].get("terminationGracePeriodSeconds")
    return GRACE if wanted is None else wanted
