# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What settings tell Bottlerocket (https://bottlerocket.dev/en/os/latest/api/settings/kubernetes/). Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    AUTHORITY,
    CLUSTER,
    FORM,
    Problem,
    Told,
    authority_problems,
    count,
    mapping,
    missing,
    sequence,
    text,
)

_KEYS = {"cluster-name": CLUSTER, "api-server": CLUSTER, "cluster-certificate": AUTHORITY}


def read_bottlerocket(document: str) -> Told:
    try:
        found = tomllib.loads(document.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Told(problems=(Problem(FORM, f"it is no TOML, which Bottlerocket takes nothing but: {error}"),))
    kubernetes = mapping(mapping(found.get("settings")).get("kubernetes"))
    return Told(
        cluster_name=text(kubernetes.get("cluster-name")),
        endpoint=text(kubernetes.get("api-server")),
        authority=text(kubernetes.get("cluster-certificate")),
        cluster_dns=_texts(kubernetes.get("cluster-dns-ip")),
        labels={str(key): str(value) for key, value in mapping(kubernetes.get("node-labels")).items()},
        taints=tuple(_taints(mapping(kubernetes.get("node-taints")))),
        max_pods=count(kubernetes.get("max-pods")),
        problems=tuple(_problems(found, kubernetes)),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, sequence(value)))


def _taints(given: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    for key, value in given.items():
        for one in _texts(value):
            content, _colon, effect = one.rpartition(":")
            yield {"key": key, "value": content, "effect": effect}


def _problems(found: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Iterator[Problem]:
    for key in found:
        if key != "settings":
            yield Problem(FORM, f"{key} stands outside of settings, where Bottlerocket does not take anything")
    for key, about in _KEYS.items():
        yield from missing("settings.kubernetes", about, kubernetes, key)
    yield from authority_problems(
        "settings.kubernetes.cluster-certificate", text(kubernetes.get("cluster-certificate"))
    )
