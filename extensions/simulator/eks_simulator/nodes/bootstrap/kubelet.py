# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubelet makes of its flags and its configuration, and with which of them it does not start. Pure.

Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/ (a flag beats the configuration, of
one given twice the last counts, but labels add up); configuration: KubeletConfiguration v1beta1
(https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/). The words are the kubelet's.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...kubernetes import formats
from .model import Kubelet, Rejected

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OWN_LABELS = (
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
)
_OWN_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")
_RESERVED = ("kubernetes.io", "k8s.io")

_SWITCHES = """
    anonymous-auth authentication-token-webhook cgroups-per-qos contention-profiling cpu-cfs-quota
    enable-controller-attach-detach enable-debugging-handlers enable-server exit-on-lock-contention fail-swap-on
    help kernel-memcg-notification local-storage-capacity-isolation log-text-split-stream
    make-iptables-util-chains protect-kernel-defaults register-node rotate-certificates
    rotate-server-certificates runonce seccomp-default serialize-image-pulls version windows-service
"""
"""Flags that stand without a value, and below those with one."""
_SETTINGS = """
    address allowed-unsafe-sysctls authentication-token-webhook-cache-ttl authorization-mode
    authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl bootstrap-kubeconfig
    cert-dir cgroup-driver cgroup-root client-ca-file cloud-config cloud-provider cluster-dns cluster-domain config
    config-dir container-log-max-files container-log-max-size container-runtime-endpoint cpu-cfs-quota-period
    cpu-manager-policy cpu-manager-policy-options cpu-manager-reconcile-period enforce-node-allocatable event-burst
    event-qps eviction-hard eviction-max-pod-grace-period eviction-minimum-reclaim
    eviction-pressure-transition-period eviction-soft eviction-soft-grace-period experimental-mounter-path
    feature-gates file-check-frequency hairpin-mode healthz-bind-address healthz-port hostname-override
    housekeeping-interval http-check-frequency image-credential-provider-bin-dir image-credential-provider-config
    image-gc-high-threshold image-gc-low-threshold image-service-endpoint kube-api-burst kube-api-content-type
    kube-api-qps kube-reserved kube-reserved-cgroup kubeconfig kubelet-cgroups lock-file log-flush-frequency
    log-json-info-buffer-size log-json-split-stream log-text-info-buffer-size logging-format manifest-url
    manifest-url-header max-open-files max-pods maximum-dead-containers maximum-dead-containers-per-container
    memory-manager-policy minimum-container-ttl-duration minimum-image-ttl-duration node-ip node-labels
    node-status-max-images node-status-update-frequency oom-score-adj pod-cidr pod-infra-container-image
    pod-manifest-path pod-max-pids pods-per-core port provider-id qos-reserved read-only-port
    register-with-taints registry-burst registry-qps reserved-cpus reserved-memory resolv-conf root-dir
    runtime-cgroups runtime-request-timeout streaming-connection-idle-timeout sync-frequency system-cgroups
    system-reserved system-reserved-cgroup tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file
    topology-manager-policy topology-manager-policy-options topology-manager-scope v vmodule volume-plugin-dir
    volume-stats-agg-period windows-priorityclass
"""
_SWITCH_NAMES = frozenset(_SWITCHES.split())
_FLAG_NAMES = _SWITCH_NAMES.union(_SETTINGS.split())


def words(line: str) -> list[str]:
    """The words of a line of flags, as systemd or a shell splits it. Raises Rejected for quotes that do not end."""
    try:
        return shlex.split(line)
    except ValueError as problem:
        raise Rejected("kubelet", f"failed to parse kubelet flag: {problem}") from None


def kubelet(arguments: Iterable[str], config: Mapping[str, Any]) -> Kubelet:
    """A kubelet of these command line arguments and this configuration. Raises Rejected."""
    labels: dict[str, str] = {}
    taints = _configured_taints(config.get("registerWithTaints") or [])
    most, name = _configured_number(config.get("maxPods")), ""
    for flag, value in _flags(arguments):
        if flag == "node-labels":
            labels.update(_pairs(value))
        elif flag == "register-with-taints":
            taints = _taints(value)
        elif flag == "max-pods":
            most = _number(flag, value)
        elif flag == "hostname-override":
            name = value
    _check_labels(labels)
    return Kubelet(labels, taints, most, name)


def cluster_dns(arguments: Iterable[str], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that pods ask for names, as far as the kubelet was told any."""
    given = config.get("clusterDNS") or []
    for flag, value in _flags(arguments):
        if flag == "cluster-dns":
            given = value.split(",")
    if isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise _unread("clusterDNS", "[]string", given)
    return tuple(given)


def taint(text: str) -> dict[str, str]:
    """`key=value:effect` or `key:effect`. Raises ValueError."""
    name, colon, effect = text.rpartition(":")
    key, _equals, value = name.partition("=")
    if not colon or not key:
        raise ValueError(f"invalid taint spec: {text}")
    if effect not in _EFFECTS:
        raise ValueError(f"invalid taint effect: {effect}, unsupported taint effect")
    why = formats.label_key(key) or formats.label_value(value)
    if why:
        raise ValueError(f"invalid taint spec: {text}, {why}")
    return {"key": key, **({"value": value} if value else {}), "effect": effect}


def _flags(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names and values, as pflag reads them: `--name=value`, `--name value`, or of a switch `--name`."""
    left = list(arguments)
    while left:
        word = left.pop(0)
        if not word.startswith("--") or word == "--":
            raise Rejected("kubelet", f"unknown command {word}")
        name, equals, value = word[2:].partition("=")
        if name not in _FLAG_NAMES:
            raise Rejected("kubelet", f"failed to parse kubelet flag: unknown flag: --{name}")
        if not equals and name not in _SWITCH_NAMES:
            if not left:
                raise Rejected("kubelet", f"failed to parse kubelet flag: flag needs an argument: --{name}")
            value = left.pop(0)
        yield name, value


def _pairs(value: str) -> dict[str, str]:
    """As ConfigurationMap of component-base reads them: blanks around a pair are nothing, a key alone has no value."""
    pairs = (pair.partition("=") for pair in value.split(",") if pair.strip())
    return {key.strip(): text.strip() for key, _equals, text in pairs}


def _check_labels(labels: Mapping[str, str]) -> None:
    """Which labels a kubelet sets on its own Node: those of nobody, and of Kubernetes' own only these."""
    for _path, why in formats.labels("", dict(labels)):
        raise Rejected("kubelet", f"failed to validate kubelet flags: invalid node labels: {why}")
    alien = sorted(key for key in labels if _is_reserved(key))
    if alien:
        raise Rejected(
            "kubelet",
            f"failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with"
            f" --node-labels: [{' '.join(alien)}]\n--node-labels in the 'kubernetes.io' namespace must begin with an"
            f" allowed prefix ({', '.join(_OWN_PREFIXES)}) or be in the specifically allowed set"
            f" ({', '.join(_OWN_LABELS)})",
        )


def _is_reserved(key: str) -> bool:
    prefix = key.rpartition("/")[0]
    return _is_below(prefix, _RESERVED) and not (_is_below(prefix, _OWN_PREFIXES) or key in _OWN_LABELS)


def _is_below(prefix: str, domains: Iterable[str]) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in domains)


def _taints(value: str) -> list[dict[str, str]]:
    try:
        taints = [taint(one) for one in value.split(",")] if value else []
        if len({(one["key"], one["effect"]) for one in taints}) < len(taints):
            raise ValueError(f"duplicated taints with the same key and effect: {value}")
    except ValueError as problem:
        message = f'invalid argument "{value}" for "--register-with-taints" flag: {problem}'
        raise Rejected("kubelet", f"failed to parse kubelet flag: {message}") from None
    return taints


def _configured_taints(given: Any) -> list[dict[str, str]]:
    """What the API server would not take makes the kubelet try for ever: "Unable to register node"."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise _unread("registerWithTaints", "[]v1.Taint", given)
    taints = []
    for number, one in enumerate(given):
        found = {name: one[name] for name in ("key", "value", "effect") if one.get(name)}
        if not all(isinstance(value, str) for value in found.values()):
            raise _unread(f"registerWithTaints[{number}]", "string", one)
        try:
            taints.append(taint(f"{found.get('key', '')}={found.get('value', '')}:{found.get('effect', '')}"))
        except ValueError as problem:
            message = f"Unable to register node with API server: spec.taints[{number}]: {problem}"
            raise Rejected("kubelet", message) from None
    return taints


def _configured_number(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int):
        raise _unread("maxPods", "int32", given)
    if given < 0:
        message = f"invalid configuration: maxPods (--max-pods) {given} must not be a negative number"
        raise Rejected("kubelet", f"failed to validate kubelet configuration: {message}")
    return given


def _number(flag: str, value: str) -> int:
    try:
        return _configured_number(int(value)) or 0
    except ValueError:
        message = f'invalid argument "{value}" for "--{flag}" flag: strconv.ParseInt: parsing "{value}": invalid syntax'
        raise Rejected("kubelet", f"failed to parse kubelet flag: {message}") from None


def _unread(member: str, kind: str, found: Any) -> Rejected:
    return Rejected(
        "kubelet",
        f"failed to load kubelet config file: json: cannot unmarshal {type(found).__name__} into Go struct field"
        f" KubeletConfiguration.{member} of type {kind}",
    )
