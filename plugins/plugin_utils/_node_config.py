# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NodeConfig, what nodeadm configures a node of Amazon Linux 2023 by, checked where nodeadm does not. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ansible_collections.flotilla.eks.plugins.module_utils._user_data.node_config_form import (
    API_VERSION,
    KIND,
    SPEC,
    is_node_config,
    misfits,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import (
    UserDataError,
    flags_of,
    mapping,
    network,
)

_MOUNTS = {"Containerd", "PodLogs", "SOCI"}


def node_config(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The whole of a NodeConfig."""
    return {"apiVersion": API_VERSION, "kind": KIND, "spec": dict(spec)}


def spec_in(where: str, given: Any) -> dict[str, Any]:
    """The spec of a NodeConfig that is given as data or as YAML. Raises UserDataError."""
    document = _loaded(where, given) if isinstance(given, str) else given
    if not is_node_config(document):
        raise UserDataError(f"{where}: this is no NodeConfig; it needs apiVersion: {API_VERSION} and kind: {KIND}")
    unknown = set(document) - {"apiVersion", "kind", "metadata", "spec"}
    if unknown:
        raise UserDataError(f"{where}: NodeConfig has no {', '.join(map(str, unknown))}; put it below spec")
    return checked_spec(where, document.get("spec") or {})


def checked_spec(where: str, given: Any) -> dict[str, Any]:
    """The spec of a NodeConfig, as a copy. Raises UserDataError."""
    spec = mapping(where, given)
    for misfit in misfits(where, spec, SPEC):
        raise UserDataError(misfit)
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
