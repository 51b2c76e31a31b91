# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS demands of a managed node group's configuration, on creation and on update alike.

Source, where no other is named: the service model of CreateNodegroup and UpdateNodegroupConfig.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .amis import architecture, is_bottlerocket
from .errors import invalid_parameter, invalid_request, limit_exceeded
from .operations import Call

MOST_TAINTS = 50
MOST_UNAVAILABLE = 100
_NAME_PART = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
_FREE_OF_RESERVED = ("node.kubernetes.io", "kubelet.kubernetes.io")
"""The kubelet may set these itself (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/)."""
_REPAIR_PAIRS = (
    ("maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
    ("maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
)
_OVERRIDE_MEMBERS = ("nodeMonitoringCondition", "nodeUnhealthyReason", "minRepairWaitTimeMins", "repairAction")


def require_scaling(call: Call, scaling: dict[str, Any], members: dict[str, str]) -> None:
    """min <= desired <= max, and no more nodes than the quota has. AWS's wording."""
    least, desired, most = scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]
    if least > most:
        raise invalid_parameter(f"Minimum capacity {least} can't be greater than maximum size {most}", **members)
    if least > desired:
        raise invalid_parameter(f"Minimum capacity {least} can't be greater than desired size {desired}", **members)
    if desired > most:
        raise invalid_parameter(f"desired capacity {desired} can't be greater than max size {most}", **members)
    if most > call.quotas.nodes_per_nodegroup:
        raise limit_exceeded(f"Nodes per node group exceed the limit of {call.quotas.nodes_per_nodegroup}", **members)


def require_labels(labels: dict[str, str], members: dict[str, str]) -> None:
    """Kubernetes labels, outside the prefixes that belong to Kubernetes and EKS."""
    for key, value in labels.items():
        _require_key("label", key, members)
        if not _NAME_PART.fullmatch(value):
            raise invalid_parameter(f"Invalid value of label {key}: {value}", **members)


def require_taints(taints: Sequence[dict[str, Any]], members: dict[str, str]) -> None:
    """At most fifty taints (https://docs.aws.amazon.com/eks/latest/userguide/node-taints-managed-node-groups.html),
    each key and effect once, each with key and effect."""
    if len(taints) > MOST_TAINTS:
        raise invalid_parameter(f"A node group can have at most {MOST_TAINTS} taints", **members)
    seen = set()
    for taint in taints:
        if not (taint.get("key") and taint.get("effect")):
            raise invalid_parameter("A taint needs a key and an effect", **members)
        _require_key("taint", taint["key"], members)
        if not _NAME_PART.fullmatch(taint.get("value", "")):
            raise invalid_parameter(f"Invalid value of taint {taint['key']}: {taint['value']}", **members)
        if taint_id(taint) in seen:
            raise invalid_parameter(f"Duplicate taint {taint['key']} with effect {taint['effect']}", **members)
        seen.add(taint_id(taint))


def taint_id(taint: dict[str, Any]) -> tuple[str, str]:
    """What makes two taints the same: key and effect."""
    return taint["key"], taint["effect"]


def require_update_config(config: dict[str, Any], members: dict[str, str]) -> None:
    """One of maxUnavailable (100 at most) and maxUnavailablePercentage: "This value or ... is required"."""
    count, percentage = config.get("maxUnavailable"), config.get("maxUnavailablePercentage")
    if (count is None) == (percentage is None):
        raise invalid_parameter(
            "Exactly one of maxUnavailable and maxUnavailablePercentage must be specified in updateConfig", **members
        )
    if count is not None and count > MOST_UNAVAILABLE:
        raise invalid_parameter(f"maxUnavailable {count} is greater than {MOST_UNAVAILABLE}", **members)


def require_node_repair(config: dict[str, Any], members: dict[str, str]) -> None:
    """Of each threshold a count or a percentage; overrides with all four members, each condition and reason once."""
    for pair in _REPAIR_PAIRS:
        if all(name in config for name in pair):
            raise invalid_parameter(f"{pair[0]} and {pair[1]} cannot both be specified", **members)
    seen = set()
    for override in config.get("nodeRepairConfigOverrides", []):
        missing = [name for name in _OVERRIDE_MEMBERS if override.get(name) is None]
        if missing:
            raise invalid_parameter(f"nodeRepairConfigOverrides must specify {', '.join(missing)}", **members)
        condition = override["nodeMonitoringCondition"], override["nodeUnhealthyReason"]
        if condition in seen:
            raise invalid_parameter(f"Duplicate node repair override for {' / '.join(condition)}", **members)
        seen.add(condition)


def require_warm_pool(config: dict[str, Any], ami_type: str, members: dict[str, str]) -> None:
    """Bottlerocket knows neither hibernated instances nor reuse on scale-in
    (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups-warm-pools.html)."""
    if is_bottlerocket(ami_type) and config.get("poolState") == "HIBERNATED":
        raise invalid_parameter(f"Warm pools of {ami_type} do not support the state HIBERNATED", **members)
    if is_bottlerocket(ami_type) and config.get("reuseOnScaleIn"):
        raise invalid_parameter(f"Warm pools of {ami_type} do not support reuseOnScaleIn", **members)
    least, most = config.get("minSize", 0), config.get("maxGroupPreparedCapacity")
    if most is not None and least > most >= 0:
        raise invalid_parameter(f"minSize {least} is greater than maxGroupPreparedCapacity {most}", **members)


def require_instance_types(call: Call, names: Sequence[str], ami_type: str, members: dict[str, str]) -> None:
    """Types that exist, of the AMI type's architecture; at most twenty. AWS's wording."""
    if len(names) > 20:
        raise invalid_parameter("At most 20 instance types can be specified", **members)
    if len(set(names)) != len(names):
        raise invalid_parameter("Instance types must not be listed twice", **members)
    for name in names:
        facts = call.aws.instance_type(name)
        if facts is None:
            raise invalid_parameter(f"The following supplied instance types do not exist: [{name}]", **members)
        if architecture(ami_type) not in facts["ProcessorInfo"]["SupportedArchitectures"]:
            raise invalid_request(f"[{name}] is not a valid instance type for requested amiType {ami_type}", **members)


def _require_key(what: str, key: str, members: dict[str, str]) -> None:
    prefix, slash, name = key.rpartition("/")
    if not name or not _NAME_PART.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
        raise invalid_parameter(f"Invalid {what} key: {key}", **members)
    reserved = any(prefix == one or prefix.endswith(f".{one}") for one in _RESERVED)
    if what == "label" and reserved and prefix not in _FREE_OF_RESERVED:
        raise invalid_parameter(
            f"Label {key} cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]", **members
        )
