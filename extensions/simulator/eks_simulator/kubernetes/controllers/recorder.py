# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events, as `kubectl get events` shows them: what happened to an object, and how often.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from ..objects import Object
from ..types import EVENT, NAMESPACE, Type
from .context import Context
from .pods import leaving

_LIFE = 3600
"""Seconds that an event is kept (kube-apiserver, --event-ttl)."""


def record(context: Context, kind: Type, thing: Object, severity: str, reason: str, message: str, source: str) -> None:
    """Tell of an object; `severity` is Normal or Warning. The same reason again is counted, not told twice."""
    metadata = thing["metadata"]
    namespace, name = metadata.get("namespace", "default"), f"{metadata['name']}.{metadata['uid'][:8]}-{reason.lower()}"
    known = context.objects.find(EVENT, namespace, name)
    news = {"message": message, "lastTimestamp": context.now}
    if known:
        context.objects.change(EVENT, known, **news, count=known["count"] + 1)
        return
    about = {"apiVersion": kind.group_version, "kind": kind.kind, "name": metadata["name"], "uid": metadata["uid"]}
    event = {
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {**about, **({"namespace": metadata["namespace"]} if kind.namespaced else {})},
        "reason": reason,
        "type": severity,
        "source": {"component": source},
        "reportingComponent": source,
        "firstTimestamp": context.now,
        "count": 1,
        **news,
    }
    within = context.objects.find(NAMESPACE, "", namespace)
    if within is None or leaving(within):
        return
    context.objects.create(EVENT, event)
    context.after(_LIFE, lambda: _forget(context, namespace, name))


def _forget(context: Context, namespace: str, name: str) -> None:
    if context.objects.find(EVENT, namespace, name):
        context.objects.remove(EVENT, namespace, name)
