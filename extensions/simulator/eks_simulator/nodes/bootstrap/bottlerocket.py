# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Bottlerocket, as early-boot-config and the settings API read it: TOML, every setting of a known name and
type. Pure.

Settings: https://bottlerocket.dev/en/os/latest/api/settings/; their types: KubernetesSettingsV1 of
https://github.com/bottlerocket-os/bottlerocket-settings-sdk, and words as of
https://github.com/bottlerocket-os/bottlerocket/issues/1346 and /pull/549. Of settings that have nothing to do with
Kubernetes the names alone are checked.
"""

from __future__ import annotations

import base64
import binascii
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from ...kubernetes import formats
from . import kubelet
from .encoding import unpacked
from .model import Bootstrap, Rejected

_PROGRAM = "early-boot-config"
_SETTINGS = """
    autoscaling aws boot bootstrap-commands bootstrap-containers cloudformation container-registry container-runtime
    container-runtime-plugins dns host-containers hostname kernel kubelet-device-plugins kubernetes metrics motd network
    ntp oci-defaults oci-hooks pki updates
"""
_TEXTS = """
    api-server authentication-mode bootstrap-token cloud-provider cluster-certificate cluster-domain cluster-name
    container-log-max-size container-log-monitor-interval cpu-manager-policy cpu-manager-reconcile-period
    hostname-override hostname-override-source image-maximum-gc-age image-minimum-gc-age kubelet-extra-config
    memory-manager-policy memory-swap-behavior node-ip pod-infra-container-image provider-id reserved-cpus
    server-certificate server-key shutdown-grace-period shutdown-grace-period-for-critical-pods
    topology-manager-policy topology-manager-scope
"""
_NUMBERS = """
    container-log-max-files container-log-max-workers event-burst event-qps eviction-max-pod-grace-period ids-per-pod
    image-gc-high-threshold-percent image-gc-low-threshold-percent kube-api-burst kube-api-qps log-level
    max-parallel-image-pulls max-pods pod-pids-limit registry-burst registry-qps
"""
_SWITCHES = """
    cpu-cfs-quota-enforced device-ownership-from-security-context seccomp-default server-tls-bootstrap
    single-process-oom-kill standalone-mode static-pods-enabled
"""
_LISTS = "allowed-unsafe-sysctls cpu-manager-policy-options"
_TABLES = """
    credential-providers eviction-hard eviction-soft eviction-soft-grace-period kube-reserved
    memory-manager-reserved-memory node-labels node-taints static-pods system-reserved topology-manager-policy-options
"""
_TYPES: dict[str, type] = {
    **dict.fromkeys(_TEXTS.split(), str),
    **dict.fromkeys(_NUMBERS.split(), int),
    **dict.fromkeys(_SWITCHES.split(), bool),
    **dict.fromkeys(_LISTS.split(), list),
    **dict.fromkeys(_TABLES.split(), dict),
    "cluster-dns-ip": object,
}
_SAID = {str: "a string", int: "an integer", bool: "a boolean", list: "a sequence", dict: "a map"}
_LOOSE = {"eviction-max-pod-grace-period", "image-gc-high-threshold-percent", "image-gc-low-threshold-percent"}
"""Numbers that may be texts, too."""
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_TAINT = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?:[A-Za-z0-9]{1,253}")


def bottlerocket(user_data: bytes) -> Bootstrap | None:
    """What Bottlerocket makes of the user data of an instance; nothing if it is to stand alone. Raises Rejected."""
    settings = _settings(user_data)
    for name in settings:
        if name not in _SETTINGS.split():
            raise _refused(f"unknown field `{name}`, expected one of {_listed(_SETTINGS.split())}")
    given = settings.get("kubernetes", {})
    if not isinstance(given, dict):
        raise _refused(f"invalid type: {_found(given)}, expected struct KubernetesSettingsV1")
    _check(given)
    if given.get("standalone-mode"):
        return None
    for name in ("cluster-name", "api-server", "cluster-certificate"):
        if name not in given:
            raise Rejected("pluto" if name == "cluster-name" else "kubelet", f"Missing settings.kubernetes.{name}")
    return Bootstrap(
        family="bottlerocket",
        cluster=given["cluster-name"],
        endpoint=given["api-server"],
        authority=given["cluster-certificate"],
        dns=_addresses(given.get("cluster-dns-ip", [])),
        kubelet=kubelet.kubelet(_arguments(given), {}),
        named_by_id=given.get("hostname-override-source") == "instance-id",
    )


def is_bottlerocket(user_data: bytes) -> bool:
    """Whether it is TOML with Kubernetes' settings."""
    try:
        return "kubernetes" in (tomllib.loads(user_data.decode()).get("settings") or {})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError):
        return False


def _settings(user_data: bytes) -> dict[str, Any]:
    try:
        read = tomllib.loads(unpacked(user_data).decode())
    except (ValueError, RecursionError) as problem:
        prefix = "Provider error: Unable to serialize settings from instance user data: Error parsing TOML user data"
        raise Rejected(_PROGRAM, f"{prefix}: TOML parse error: {problem}") from None
    settings = read.get("settings")
    if not isinstance(settings, dict):
        raise Rejected(_PROGRAM, "Provider error: TOML data did not contain 'settings' section")
    return settings


def _check(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name not in _TYPES:
            raise _refused(f"unknown field `{name}`, expected one of {_listed(sorted(_TYPES))}")
        kind = _TYPES[name]
        fits = isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
        if not fits and not (name in _LOOSE and isinstance(value, str)):
            raise _refused(f"invalid type: {_found(value)}, expected {_SAID[kind]} for {name}")
    cluster = given.get("cluster-name")
    if cluster is not None and not _CLUSTER_NAME.fullmatch(cluster):
        why = f"Given invalid cluster name '{cluster}': cluster names must be valid Kubernetes label values"
        raise _refused(f"Unable to deserialize into KubernetesClusterName: {why}")
    if given.get("max-pods", 0) < 0:
        raise _refused(f"invalid value: integer `{given['max-pods']}`, expected u32")
    _check_certificate(given.get("cluster-certificate", ""))
    _check_labels(given.get("node-labels", {}))
    _check_taints(given.get("node-taints", {}))
    _addresses(given.get("cluster-dns-ip", []))


def _check_certificate(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise _refused(f"Unable to deserialize into ValidBase64: Invalid base64 input: {problem}") from None


def _check_labels(labels: Mapping[str, Any]) -> None:
    for key, value in labels.items():
        if formats.label_key(key):
            raise _refused(f"Unable to deserialize into KubernetesLabelKey: given invalid input: {key}")
        if not isinstance(value, str):
            raise _refused(f"invalid type: {_found(value)}, expected a string")
        if formats.label_value(value):
            raise _refused(f"Unable to deserialize into KubernetesLabelValue: given invalid input: {value}")


def _check_taints(taints: Mapping[str, Any]) -> None:
    """The value and the effect of a taint, or a list of such."""
    for key, value in taints.items():
        if formats.label_key(key):
            raise _refused(f"Unable to deserialize into KubernetesLabelKey: given invalid input: {key}")
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, str):
                raise _refused(f"invalid type: {_found(one)}, expected a string")
            if not _TAINT.fullmatch(one):
                raise _refused(f"Unable to deserialize into KubernetesTaintValue: given invalid input: {one}")


def _addresses(given: Any) -> tuple[str, ...]:
    """One address or a list of them."""
    try:
        addresses = [given] if isinstance(given, str) else list(given)
        return tuple(str(ip_address(one)) for one in addresses if isinstance(one, str) or _fail())
    except (TypeError, ValueError):
        raise _refused("data did not match any variant of untagged enum KubernetesClusterDnsIp") from None


def _fail() -> bool:
    raise ValueError


def _arguments(given: Mapping[str, Any]) -> list[str]:
    """The flags that Bottlerocket starts its kubelet with."""
    labels = [f"{key}={value}" for key, value in given.get("node-labels", {}).items()]
    taints = [
        f"{key}={one}"
        for key, value in given.get("node-taints", {}).items()
        for one in (value if isinstance(value, list) else [value])
    ]
    flags = {
        "node-labels": ",".join(labels),
        "register-with-taints": ",".join(taints),
        "max-pods": str(given["max-pods"]) if "max-pods" in given else "",
        "hostname-override": given.get("hostname-override", ""),
    }
    return [f"--{name}={value}" for name, value in flags.items() if value]


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, str):
        return f'string "{value}"'
    names = {int: "integer", float: "floating point", list: "sequence", dict: "map"}
    shown = f" `{value}`" if isinstance(value, int | float) else ""
    return f"{names.get(type(value), 'string')}{shown}"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _refused(why: str) -> Rejected:
    path = "/settings?tx=bottlerocket-launch"
    message = f"Error PATCHing '{path}': Status 400 when PATCHing {path}: Json deserialize error: {why}"
    return Rejected(_PROGRAM, message)
