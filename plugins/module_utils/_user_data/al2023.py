# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What NodeConfigs tell nodeadm, on Amazon Linux 2023. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from ipaddress import ip_network
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._documents import data_of, merged
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.node_config_form import (
    API_VERSION,
    KIND,
    MEDIA_TYPE,
    SPEC,
    is_node_config,
    misfits,
)
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    AUTHORITY,
    CLUSTER,
    FORM,
    SERVICE_CIDR,
    Problem,
    Told,
    authority_problems,
    count,
    labels_in,
    mapping,
    max_pods_in,
    missing,
    sequence,
    taints_in,
    text,
)

_DROPPED = "nodeadm knows no"
_CLUSTER = {"name": CLUSTER, "apiServerEndpoint": CLUSTER, "certificateAuthority": AUTHORITY, "cidr": SERVICE_CIDR}


def read_al2023(documents: Sequence[str], strays: Sequence[str]) -> Told:
    """What NodeConfigs say together, the last one wins; ``strays`` are content types of others that nodeadm skips."""
    problems = [
        Problem(FORM, f"a NodeConfig stands in a part of {kind or 'no content type'}, which nodeadm skips; it wants "
                f"{MEDIA_TYPE}")
        for kind in strays
    ]  # fmt: skip
    if not documents:
        absent = Problem(FORM, f"there is no NodeConfig in it (a document, or a part of MIME of type {MEDIA_TYPE})")
        return Told(problems=tuple(problems) or (absent,))
    specs = []
    for document in documents:
        spec, wrong = _spec(document)
        specs.append(spec)
        problems += wrong
    spec = reduce(merged, specs)
    return _told(spec, [*problems, *_problems(spec)])


def _spec(document: str) -> tuple[dict[str, Any], list[Problem]]:
    try:
        found = data_of(document)
    except ValueError as error:
        return {}, [Problem(FORM, f"a NodeConfig is {error}")]
    if not is_node_config(found):
        return {}, [Problem(FORM, f"a document is no NodeConfig: it needs apiVersion: {API_VERSION} and kind: {KIND}")]
    spec = dict(mapping(found.get("spec")))
    return spec, [Problem(FORM, wrong, fatal=_DROPPED not in wrong) for wrong in misfits("spec", spec, SPEC)]


def _told(spec: Mapping[str, Any], problems: Sequence[Problem]) -> Told:
    cluster, kubelet = mapping(spec.get("cluster")), mapping(spec.get("kubelet"))
    config, flags = mapping(kubelet.get("config")), sequence(kubelet.get("flags"))
    taints = [
        {name: text(mapping(one).get(name)) for name in ("key", "value", "effect")}
        for one in sequence(config.get("registerWithTaints"))
    ]
    return Told(
        cluster_name=text(cluster.get("name")),
        endpoint=text(cluster.get("apiServerEndpoint")),
        authority=text(cluster.get("certificateAuthority")),
        service_cidr=text(cluster.get("cidr")),
        cluster_dns=tuple(map(str, sequence(config.get("clusterDNS")))),
        labels=labels_in(flags),
        taints=(*taints, *taints_in(flags)),
        max_pods=count(config.get("maxPods")) or max_pods_in(flags),
        instance_id_names=mapping(spec.get("featureGates")).get("InstanceIdNodeName") is True,
        problems=tuple(problems),
    )


def _problems(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """What nodeadm rejects of the whole, or fails by later."""
    cluster = mapping(spec.get("cluster"))
    for key, about in _CLUSTER.items():
        yield from missing("spec.cluster", about, cluster, key)
    yield from authority_problems("spec.cluster.certificateAuthority", text(cluster.get("certificateAuthority")))
    if cluster.get("enableOutpost") is True:
        yield from missing("spec.cluster", CLUSTER, cluster, "id")
    cidr = text(cluster.get("cidr"))
    try:
        ip_network(cidr or "0.0.0.0/0")
    except ValueError as error:
        yield Problem(SERVICE_CIDR, f"spec.cluster.cidr: {error}")
