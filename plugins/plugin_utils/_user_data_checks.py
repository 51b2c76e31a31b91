# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node is told, checked: nothing in it can be more than it seems, wherever it is written. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import is_certificate

_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")  # the pattern of CreateCluster
_ENDPOINT = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?")
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_FLAG = re.compile(r"--[a-z][a-z0-9-]*(?:=[A-Za-z0-9_.,:=/@%+<{}\[\]*~-]*)?")
_EFFECTS = {"NoSchedule", "PreferNoSchedule", "NoExecute"}
_EKS_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}
_KUBERNETES = ("kubernetes.io", "k8s.io")
_KUBELETS_OWN = ("kubelet.kubernetes.io", "node.kubernetes.io")
_KUBELET_LABELS = {
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
"""https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/, --node-labels: with another one of
Kubernetes' labels the kubelet does not start."""


class UserDataError(ValueError):
    """Something that a node cannot be told. The text names the option, what was found and what to do."""


@dataclass(frozen=True)
class Cluster:
    """What a node must know of its cluster. ``outpost_id`` is set for local clusters on Outposts only."""

    name: str
    endpoint: str
    certificate_authority: str
    service_cidr: str
    outpost_id: str = ""

    @property
    def dns(self) -> str:
        """The address of the cluster's DNS: the tenth of the services' network."""
        return str(ip_network(self.service_cidr)[10])

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.service_cidr


@dataclass(frozen=True)
class Taint:
    """A taint as Kubernetes has it. ``value`` may be empty."""

    key: str
    value: str
    effect: str

    @property
    def text(self) -> str:
        """As the kubelet's flag takes it."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True)
class Node:
    """A node to be. Everything in it is checked."""

    cluster: Cluster
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    max_pods: int | None = None
    dns: tuple[str, ...] = ()
    kubelet: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def only_dns(self, system: str) -> str:
        """The one address of a DNS, for systems that take no more. Raises UserDataError."""
        if len(self.dns) != 1:
            raise UserDataError(f"cluster_dns: {system} takes one address, but there are {len(self.dns)}; give one")
        return self.dns[0]

    @property
    def most_flags(self) -> list[str]:
        return [] if self.max_pods is None else [f"--max-pods={self.max_pods}"]

    @property
    def label_flags(self) -> list[str]:
        """The kubelet's flag for the labels, which its configuration has no place for."""
        pairs = ",".join(f"{key}={value}" for key, value in self.labels.items())
        return [f"--node-labels={pairs}"] if pairs else []

    @property
    def taint_flags(self) -> list[str]:
        return [f"--register-with-taints={','.join(taint.text for taint in self.taints)}"] if self.taints else []

    @property
    def all_flags(self) -> list[str]:
        """Everything that flags can tell the kubelet."""
        return [*self.label_flags, *self.taint_flags, *self.most_flags, *self.flags]


def cluster_of(description: Mapping[str, Any]) -> Cluster:
    """The cluster out of what flotilla.eks.cluster returns. Raises UserDataError."""
    if not isinstance(description, Mapping):
        raise UserDataError(f"the cluster is {description!r}; give it as flotilla.eks.cluster returns it")
    family = "ipv6" if pick(dict(description), "kubernetes_network_config.ip_family") == "ipv6" else "ipv4"
    name = _member(description, "name", _NAME)
    endpoint = _member(description, "endpoint", _ENDPOINT)
    authority = _member(description, "certificate_authority.data", re.compile(r"[A-Za-z0-9+/]+={0,2}"))
    if not is_certificate(authority):
        raise UserDataError(
            f"cluster {name}: certificate_authority.data is no certificate in PEM form, encoded in base64"
        )
    cidr = _member(description, f"kubernetes_network_config.service_{family}_cidr", re.compile(r"[0-9A-Fa-f.:/]+"))
    outpost = _member(description, "id", re.compile(r"[0-9A-Za-z-]+")) if description.get("outpost_config") else ""
    return Cluster(name, endpoint, authority, network(f"cluster {name}: service_{family}_cidr", cidr), outpost)


def _member(description: Mapping[str, Any], path: str, form: re.Pattern[str]) -> str:
    value = pick(dict(description), path)
    if not isinstance(value, str) or not form.fullmatch(value):
        found = f"{path} is {value!r}" if value else f"{path} is missing"
        name = description.get("name")
        raise UserDataError(
            f"cluster {name!r}: {found}; give the cluster as flotilla.eks.cluster returns it when it is ACTIVE"
        )
    return str(value)


def network(where: str, cidr: str) -> str:
    """A network in CIDR form. Raises UserDataError."""
    try:
        return str(ip_network(cidr))
    except ValueError as error:
        raise UserDataError(f"{where}: {error}; give a network such as 172.20.0.0/16") from None


def addresses(given: str | Sequence[str] | None, cluster: Cluster) -> tuple[str, ...]:
    """The addresses of the DNS that pods use; the cluster's own if none are given. Raises UserDataError."""
    if not given:
        return (cluster.dns,)
    try:
        return tuple(str(ip_address(str(one))) for one in ([given] if isinstance(given, str) else given))
    except ValueError as error:
        raise UserDataError(f"cluster_dns: {error}; give the addresses of DNS servers") from None


def labels_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Labels that the kubelet can give its Node. Raises UserDataError."""
    if not isinstance(given, Mapping):
        raise UserDataError(f"labels: {given!r} is no mapping; give each label as key: value")
    return {_key("labels", key): _label(key, value) for key, value in given.items()}


def _label(key: str, value: Any) -> str:
    prefix = key.rpartition("/")[0]
    if _is_below(prefix, _KUBERNETES) and not (_is_below(prefix, _KUBELETS_OWN) or key in _KUBELET_LABELS):
        raise UserDataError(
            f"labels: {key} is not for a kubelet to set, and one that is told to does not start; take another prefix "
            f"than {prefix}, or label the Node when it is there"
        )
    return _label_value("labels", key, value)


def _is_below(prefix: str, domains: Iterable[str]) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in domains)


def taints_of(given: Sequence[Mapping[str, Any]]) -> tuple[Taint, ...]:
    """Taints, with the effect in Kubernetes' spelling or EKS's. Raises UserDataError."""
    taints: dict[tuple[str, str], Taint] = {}
    for one in given:
        if not isinstance(one, Mapping) or set(one) - {"key", "value", "effect"}:
            raise UserDataError(f"taints: {one!r} is no taint; give a key, an effect and, if need be, a value")
        key = _key("taints", one.get("key"))
        effect = _EKS_EFFECTS.get(str(one.get("effect")), str(one.get("effect")))
        if effect not in _EFFECTS:
            raise UserDataError(f"taints: the effect of {key} is {effect!r}; choose {', '.join(sorted(_EFFECTS))}")
        if (key, effect) in taints:
            raise UserDataError(f"taints: {key} is there twice with the effect {effect}; give it one value")
        taints[key, effect] = Taint(key, _label_value("taints", key, one.get("value") or ""), effect)
    return tuple(taints.values())


def _key(what: str, key: Any) -> str:
    """https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
    prefix, slash, name = key.rpartition("/") if isinstance(key, str) else ("", "", "")
    subdomain = not slash or (len(prefix) <= 253 and _SUBDOMAIN.fullmatch(prefix))
    if not subdomain or not _PART.fullmatch(name):
        raise UserDataError(f"{what}: {key!r} is no key of Kubernetes; give one such as team or example.com/team")
    return str(key)


def _label_value(what: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UserDataError(f"{what}: the value of {key} is {value!r}, which is no text; quote it")
    if value and not _PART.fullmatch(value):
        raise UserDataError(
            f"{what}: the value of {key} is {value!r}; it may have 63 letters, digits, '-', '_' and '.', none of these "
            "signs at either end"
        )
    return str(value)


def flags_of(given: Sequence[str]) -> tuple[str, ...]:
    """Flags of the kubelet, each one word: they end up in one line that is split at blanks. Raises UserDataError."""
    if isinstance(given, str):
        raise UserDataError(f"kubelet_flags: {given!r} is a text; give a list with one flag an item")
    for flag in given:
        if not isinstance(flag, str) or not _FLAG.fullmatch(flag):
            raise UserDataError(f"kubelet_flags: {flag!r} is no flag such as --name=value, without blanks and quotes")
    return tuple(map(str, given))


def mapping(where: str, given: Any) -> dict[str, Any]:
    """A mapping of data of the types that YAML and JSON share, as a copy. Raises UserDataError."""
    if not isinstance(given, Mapping):
        raise UserDataError(f"{where}: {given!r} is no mapping")
    copy: dict[str, Any] = plain(where, given)
    return copy


def plain(where: str, value: Any) -> Any:
    """Data of the types that YAML and JSON share, as a copy. Raises UserDataError."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(where, value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {text(where, key): plain(f"{where}.{key}", one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(where, one) for one in value]
    raise UserDataError(f"{where}: {value!r} is nothing that YAML and JSON both know; quote it")


def text(where: str, value: str) -> str:
    """A text that can be encoded. Raises UserDataError."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserDataError(f"{where}: {value!r} has a character that UTF-8 has not") from None
    return str(value)
