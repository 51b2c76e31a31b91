# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-ons' configuration values may be: JSON schemas in the dialects and habits of AWS's own.

AWS publishes a schema per version through DescribeAddonConfiguration. These have the values that people set most often,
with AWS's names and types; everything else is refused, as AWS refuses what is not in its schema. As in AWS's, the
environment of the VPC CNI holds text even where the text is a number.
"""

from __future__ import annotations

from typing import Any

DRAFT_6 = "http://json-schema.org/draft-06/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
_TEXT = {"type": "string"}
_SWITCH = {"type": "boolean"}
_TEXT_SWITCH = {"type": "string", "enum": ["true", "false"]}
_TEXT_NUMBER = {"type": "string", "format": "integer"}


def _closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _draft_6(name: str, **properties: Any) -> dict[str, Any]:
    """A schema that refers to its one definition, as those of draft 6 do."""
    return {
        "$schema": DRAFT_6,
        "$ref": f"#/definitions/{name}",
        "definitions": {name: _closed(**properties), **_SHARED},
    }


_AMOUNTS = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
_SHARED = {
    "Resources": _closed(limits=_AMOUNTS, requests=_AMOUNTS),
    "Toleration": _closed(
        key=_TEXT,
        operator={"type": "string", "enum": ["Exists", "Equal"]},
        value=_TEXT,
        effect={"type": "string", "enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
        tolerationSeconds={"type": "integer"},
    ),
    "Labels": {"type": "object", "additionalProperties": _TEXT},
}
_RESOURCES = {"$ref": "#/definitions/Resources"}
_PLACEMENT = {
    "nodeSelector": {"$ref": "#/definitions/Labels"},
    "tolerations": {"type": "array", "items": {"$ref": "#/definitions/Toleration"}},
}

COREDNS = _draft_6(
    "Coredns",
    replicaCount={"type": "integer", "minimum": 1},
    computeType=_TEXT,
    corefile=_TEXT,
    resources=_RESOURCES,
    autoScaling=_closed(
        enabled=_SWITCH,
        minReplicas={"type": "integer", "minimum": 2},
        maxReplicas={"type": "integer", "minimum": 2},
    ),
    podLabels={"$ref": "#/definitions/Labels"},
    **_PLACEMENT,
)
VPC_CNI = _draft_6(
    "VpcCni",
    env=_closed(
        ENABLE_PREFIX_DELEGATION=_TEXT_SWITCH,
        ENABLE_POD_ENI=_TEXT_SWITCH,
        AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=_TEXT_SWITCH,
        AWS_VPC_K8S_CNI_EXTERNALSNAT=_TEXT_SWITCH,
        ENI_CONFIG_LABEL_DEF=_TEXT,
        MINIMUM_IP_TARGET=_TEXT_NUMBER,
        WARM_ENI_TARGET=_TEXT_NUMBER,
        WARM_IP_TARGET=_TEXT_NUMBER,
        WARM_PREFIX_TARGET=_TEXT_NUMBER,
    ),
    enableNetworkPolicy=_TEXT_SWITCH,
    nodeAgent=_closed(enablePolicyEventLogs=_TEXT_SWITCH, enableCloudWatchLogs=_TEXT_SWITCH),
    resources=_RESOURCES,
    **_PLACEMENT,
)
KUBE_PROXY = _draft_6(
    "KubeProxy",
    mode={"type": "string", "enum": ["iptables", "ipvs"]},
    ipvs=_closed(scheduler={"type": "string", "enum": ["rr", "lc", "dh", "sh", "sed", "nq"]}),
    resources=_RESOURCES,
)
PODS = _draft_6("Pods", replicas={"type": "integer", "minimum": 0}, resources=_RESOURCES, **_PLACEMENT)
"""For the add-ons that have little to set."""

EBS_CSI_DRIVER = {
    "$schema": DRAFT_2019,
    "$defs": {
        "volumeTags": {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": 128},
            "patternProperties": {"^.*$": {"type": "string", "maxLength": 256}},
        }
    },
    **_closed(
        controller=_closed(
            extraVolumeTags={"$ref": "#/$defs/volumeTags"},
            replicaCount={"type": "integer", "minimum": 1},
            volumeModificationFeature=_closed(enabled=_SWITCH),
        ),
        defaultStorageClass=_closed(enabled=_SWITCH),
        node=_closed(
            tolerateAllTaints=_SWITCH,
            volumeAttachLimit={"type": ["integer", "null"], "minimum": 1, "maximum": 128},
        ),
    ),
}
