# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NodeConfig, what nodeadm configures a node of Amazon Linux 2023 by, checked where nodeadm does not. Pure.

nodeadm drops fields that it does not know without a word, and looks into few values.
https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import (
    UserDataError,
    flags_of,
    mapping,
    network,
)

API_VERSION = "node.eks.aws/v1alpha1"
_TEXT, _SWITCH, _TEXTS, _MAP, _LIST = "a text", "true or false", "a list of texts", "a mapping", "a list"
_SPEC: dict[str, Any] = {
    "cluster": {
        "name": _TEXT,
        "apiServerEndpoint": _TEXT,
        "certificateAuthority": _TEXT,
        "cidr": _TEXT,
        "enableOutpost": _SWITCH,
        "id": _TEXT,
    },
    "kubelet": {"config": _MAP, "flags": _TEXTS, "maxPodsExpression": _TEXT},
    "containerd": {"config": _TEXT, "baseRuntimeSpec": _MAP},
    "instance": {
        "localStorage": {"strategy": ("RAID0", "RAID10", "Mount"), "mountPath": _TEXT, "disabledMounts": _TEXTS},
        "storage": {"volumes": _LIST},
        "environment": _MAP,
        "network": {"nameservers": _TEXTS, "domains": _TEXTS},
    },
    "featureGates": {"InstanceIdNodeName": _SWITCH, "FastImagePull": _SWITCH},
}
_MOUNTS = {"Containerd", "PodLogs", "SOCI"}


def node_config(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The whole of a NodeConfig."""
    return {"apiVersion": API_VERSION, "kind": "NodeConfig", "spec": dict(spec)}


def spec_in(where: str, given: Any) -> dict[str, Any]:
    """The spec of a NodeConfig that is given as data or as YAML. Raises UserDataError."""
    document = _loaded(where, given) if isinstance(given, str) else given
    if not isinstance(document, Mapping) or (document.get("apiVersion"), document.get("kind")) != (
        API_VERSION,
        "NodeConfig",
    ):
        raise UserDataError(f"{where}: this is no NodeConfig; it needs apiVersion: {API_VERSION} and kind: NodeConfig")
    unknown = set(document) - {"apiVersion", "kind", "metadata", "spec"}
    if unknown:
        raise UserDataError(f"{where}: NodeConfig has no {', '.join(map(str, unknown))}; put it below spec")
    return checked_spec(where, document.get("spec") or {})


def checked_spec(where: str, given: Any) -> dict[str, Any]:
    """The spec of a NodeConfig, as a copy. Raises UserDataError."""
    spec = mapping(where, given)
    _check(where, spec, _SPEC)
    cidr = spec.get("cluster", {}).get("cidr")
    if cidr is not None:
        network(f"{where}.cluster.cidr", cidr)
    flags_of(spec.get("kubelet", {}).get("flags", []))
    _check_mounts(where, spec.get("instance", {}).get("localStorage", {}).get("disabledMounts", []))
    _check_toml(where, spec.get("containerd", {}).get("config", ""))
    return spec


def check_together(specs: Iterable[Mapping[str, Any]]) -> None:
    """nodeadm merges NodeConfigs, the last one wins; but two configurations of containerd leave it with none at all
    (nodeadm/internal/api/merge.go). Raises UserDataError."""
    if sum(bool(spec.get("containerd", {}).get("config")) for spec in specs) > 1:
        raise UserDataError(
            "containerd.config is given in two NodeConfigs, of which nodeadm keeps neither; give it in one"
        )


def _loaded(where: str, document: str) -> Any:
    try:
        return yaml.safe_load(document)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UserDataError(f"{where} is not valid YAML{f' (line {mark.line + 1})' if mark else ''}") from None


def _check(where: str, value: Any, form: Any) -> None:
    if isinstance(form, dict):
        if not isinstance(value, dict):
            raise UserDataError(f"{where}: {value!r} is no mapping")
        for key, one in value.items():
            if key not in form:
                raise UserDataError(
                    f"{where}: nodeadm knows no {key} there, and would drop it; choose {', '.join(form)}"
                )
            _check(f"{where}.{key}", one, form[key])
    elif isinstance(form, tuple):
        if value not in form:
            raise UserDataError(f"{where}: {value!r} is unknown; choose {', '.join(form)}")
    elif not _is(form, value):
        raise UserDataError(f"{where}: {value!r} is not {form}")


def _is(form: str, value: Any) -> bool:
    if form == _TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, {_TEXT: str, _SWITCH: bool, _MAP: dict, _LIST: list}[form])


def _check_mounts(where: str, mounts: list[str]) -> None:
    unknown = [mount for mount in mounts if mount not in _MOUNTS]
    if unknown:
        raise UserDataError(
            f"{where}.instance.localStorage.disabledMounts: {unknown[0]!r}; choose {', '.join(sorted(_MOUNTS))}"
        )


def _check_toml(where: str, config: str) -> None:
    try:
        tomllib.loads(config)
    except tomllib.TOMLDecodeError as error:
        raise UserDataError(f"{where}.containerd.config is not valid TOML: {error}") from None
