# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a NodeConfig, what nodeadm configures a node by, on EC2 and on premises. Pure, and runs on hosts.

That of the AMI drops fields that it does not know without a word, and looks into few values.
https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

API_VERSION = "node.eks.aws/v1alpha1"
KIND = "NodeConfig"
MEDIA_TYPE = "application/node.eks.aws"
_TEXT, _SWITCH, _TEXTS, _MAP, _LIST = "a text", "true or false", "a list of texts", "a mapping", "a list"
SPEC: dict[str, Any] = {
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
HYBRID_SPEC: dict[str, Any] = {
    "cluster": dict.fromkeys(("name", "region", "apiServerEndpoint", "certificateAuthority", "cidr"), _TEXT),
    "kubelet": {"config": _MAP, "flags": _TEXTS},
    "containerd": {"config": _TEXT},
    "hybrid": {
        "enableCredentialsFile": _SWITCH,
        "ssm": {"activationCode": _TEXT, "activationId": _TEXT},
        "iamRolesAnywhere": dict.fromkeys(
            (
                "nodeName",
                "trustAnchorArn",
                "profileArn",
                "roleArn",
                "awsConfigPath",
                "certificatePath",
                "privateKeyPath",
            ),
            _TEXT,
        ),
    },
}
"""On premises. https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-nodeadm.html; there, unknown fields are
refused."""


def is_node_config(document: Any) -> bool:
    """Whether a document says that it is a NodeConfig."""
    return isinstance(document, Mapping) and (document.get("apiVersion"), document.get("kind")) == (API_VERSION, KIND)


def misfits(where: str, value: Any, form: Any) -> Iterator[str]:
    """What of a value, such as the spec of a NodeConfig, does not fit a form, such as SPEC; each in a sentence."""
    if isinstance(form, dict):
        yield from _misfits_of_mapping(where, value, form)
    elif isinstance(form, tuple):
        if value not in form:
            yield f"{where}: {value!r} is unknown; choose {', '.join(form)}"
    elif not _is(form, value):
        yield f"{where}: {value!r} is not {form}"


def _misfits_of_mapping(where: str, value: Any, form: dict[str, Any]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no mapping"
        return
    for key, one in value.items():
        if key in form:
            yield from misfits(f"{where}.{key}", one, form[key])
        else:
            yield f"{where}: nodeadm knows no {key} there; choose {', '.join(form)}"


def _is(form: str, value: Any) -> bool:
    if form == _TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, {_TEXT: str, _SWITCH: bool, _MAP: dict, _LIST: list}[form])
