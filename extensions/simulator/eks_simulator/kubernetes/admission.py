# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects pass through before they are stored: defaults, addresses, and what only the other objects can tell."""

from __future__ import annotations

import ipaddress
import secrets
from typing import Any

from .defaults import defaulted
from .errors import ApiError, details_of
from .objects import Object, Objects
from .types import NAMESPACE, NODE, POD, SERVICE, SERVICE_ACCOUNT, Type

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Of generated names: what cannot form words."""


def admitted(objects: Objects, kind: Type, wanted: Object, service_cidr: str) -> Object:
    """A new object as it is to be stored. Raises ApiError Forbidden."""
    wanted = without_nulls(wanted)
    if "status" in kind.subresources and kind is not NODE:  # a kubelet brings the status of its node along
        wanted["status"] = {}
    new = defaulted(kind, {**wanted, "metadata": _named(wanted["metadata"])})
    _require_living_namespace(objects, kind, new)
    if kind is POD:
        _require_service_account(objects, new)
    if kind is SERVICE:
        return _addressed(objects, new, service_cidr)
    return new


def restrict_kubelet(kind: Type, node: str, new: Object) -> None:
    """The NodeRestriction admission plugin: a kubelet makes its own Node and no other, and sets of Kubernetes' labels
    those that are kubelets' to set. Raises ApiError Forbidden.

    https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
    """
    name = new["metadata"].get("name", "")
    if kind is not NODE or not node:
        return
    if name != node:
        raise _refused(kind, name, f'node "{node}" is not allowed to modify node "{name}"')
    odd = [label for label in new["metadata"].get("labels") or {} if _is_reserved(label)]
    if odd:
        raise _refused(kind, name, f"is not allowed to set the following labels: {', '.join(sorted(odd))}")


def _is_reserved(label: str) -> bool:
    domain = label.rpartition("/")[0]
    reserved = any(domain == one or domain.endswith(f".{one}") for one in ("kubernetes.io", "k8s.io"))
    free = any(domain == one or domain.endswith(f".{one}") for one in _KUBELETS_DOMAINS)
    return reserved and not free and label not in _KUBELETS_LABELS


_KUBELETS_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
_KUBELETS_LABELS = {
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
}


def changed(kind: Type, subresource: str, current: Object, wanted: Object) -> Object:
    """`current` as it is after a change: of `wanted` only the status through the subresource of that name, and all but
    the status otherwise."""
    wanted = without_nulls(wanted)
    if subresource == "status":
        return {**current, "status": wanted.get("status", {}), "metadata": _same(current, wanted)}
    if "status" in kind.subresources:
        wanted = {**wanted, "status": current["status"]} if "status" in current else _without(wanted, "status")
    if kind is SERVICE:
        kept = {name: current["spec"][name] for name in _ALLOCATED if name in current["spec"]}
        wanted = {**wanted, "spec": {**kept, **(wanted.get("spec") or {})}}
    return defaulted(kind, wanted)


_ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def _without(thing: Object, member: str) -> Object:
    return {name: value for name, value in thing.items() if name != member}


def _same(current: Object, wanted: Object) -> Object:
    """The metadata of a change of the status: as it was, with the revision that the client knows."""
    return {**current["metadata"], "resourceVersion": wanted["metadata"].get("resourceVersion")}


def _named(metadata: Object) -> Object:
    """With a name of five random characters after `generateName`."""
    if metadata.get("name") or not metadata.get("generateName"):
        return metadata
    return {**metadata, "name": metadata["generateName"] + "".join(secrets.choice(_LETTERS) for _letter in range(5))}


def without_nulls(value: Any) -> Any:
    """A member that is null has not been said."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return value


def _refused(kind: Type, name: str, why: str, causes: list[Object] | None = None) -> ApiError:
    details = {**details_of(kind, name), **({"causes": causes} if causes else {})}
    return ApiError("Forbidden", f'{kind.resource} "{name}" is forbidden: {why}', details)


def _require_living_namespace(objects: Objects, kind: Type, new: Object) -> None:
    """The NamespaceLifecycle admission plugin."""
    name = new["metadata"].get("namespace")
    namespace = objects.find(NAMESPACE, "", name) if name else None
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return
    reason = f"namespace {name} is being terminated"
    causes = [{"reason": "NamespaceTerminating", "message": reason, "field": "metadata.namespace"}]
    why = f"unable to create new content in namespace {name} because it is being terminated"
    raise _refused(kind, new["metadata"].get("name", ""), why, causes)


def _require_service_account(objects: Objects, new: Object) -> None:
    """The ServiceAccount admission plugin."""
    namespace, account = new["metadata"]["namespace"], new["spec"]["serviceAccountName"]
    if objects.find(NAMESPACE, "", namespace) and objects.find(SERVICE_ACCOUNT, namespace, account) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise _refused(POD, new["metadata"].get("name", ""), why)


def _addressed(objects: Objects, new: Object, cidr: str) -> Object:
    """A service with its address in the cluster, and with ports on the nodes if it wants some."""
    spec = new["spec"]
    if spec["type"] == "ExternalName":
        return new
    address = spec.get("clusterIP") or _free_address(objects, cidr)
    family = "IPv6" if ":" in cidr else "IPv4"
    said = {"clusterIP": address, "clusterIPs": [address], "ipFamilies": [family], "ipFamilyPolicy": "SingleStack"}
    if spec["type"] in ("NodePort", "LoadBalancer"):
        used = {port.get("nodePort") for one in objects.list(SERVICE) for port in one["spec"].get("ports") or []}
        free = (port for port in range(30000, 32768) if port not in used)
        ports = [{**port, "nodePort": port.get("nodePort") or next(free)} for port in spec.get("ports") or []]
        spec = {**spec, "ports": ports}
    return {**new, "spec": {**spec, **said}}


def _free_address(objects: Objects, cidr: str) -> str:
    """The first is the API server's, the tenth CoreDNS's."""
    used = {one["spec"].get("clusterIP") for one in objects.list(SERVICE)}
    network = ipaddress.ip_network(cidr)
    return next(str(network[number]) for number in range(11, network.num_addresses) if str(network[number]) not in used)
