# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every namespace has, and how one goes: it is emptied first.

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-controller,
https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and the finalizer `kubernetes` of namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..deleting import remove
from ..objects import Event, Object, name_of
from ..types import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from .context import Context, Key
from .pods import leaving

_ACCOUNT = "default"
_AUTHORITY = "kube-root-ca.crt"


class Namespaces:
    """Gives a namespace its service account and the cluster's certificate authority; empties one that is deleted."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def concerns(self, event: Event) -> Iterable[Key]:
        if event.kind is NAMESPACE:
            yield name_of(event.object)
        elif event.change == "DELETED" and event.kind.namespaced:
            yield "", event.object["metadata"]["namespace"]

    def reconcile(self, key: Key) -> None:
        namespace = self._context.objects.find(NAMESPACE, *key)
        if namespace is None:
            return
        if leaving(namespace):
            self._empty(namespace)
        else:
            self._furnish(namespace["metadata"]["name"])

    def _furnish(self, namespace: str) -> None:
        authority = {"data": {"ca.crt": self._context.authority()}}
        for kind, name, content in ((SERVICE_ACCOUNT, _ACCOUNT, {}), (CONFIG_MAP, _AUTHORITY, authority)):
            if self._context.objects.find(kind, namespace, name) is None:
                self._context.objects.create(kind, {"metadata": {"name": name, "namespace": namespace}, **content})

    def _empty(self, namespace: Object) -> None:
        objects, name = self._context.objects, namespace["metadata"]["name"]
        objects.change(NAMESPACE, namespace, status={**namespace.get("status", {}), "phase": "Terminating"})
        for kind, thing in self._context.index.within(name):
            if not leaving(thing):
                remove(objects, kind, thing, {})
        if not self._context.index.within(name):
            objects.remove(NAMESPACE, "", name)
