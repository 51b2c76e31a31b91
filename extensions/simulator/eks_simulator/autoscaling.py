# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Auto Scaling group behind a managed node group, and the launch template behind that one.

"Every managed node is provisioned as part of an Amazon EC2 Auto Scaling group that's managed for you by Amazon EKS"
(https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html), and EKS launches it from a template of its
own, a copy of the user's if there is one (launch-templates.html).

Who else sets the desired size of the group, as the cluster autoscaler does, sets that of the node group with it: hence
https://github.com/terraform-aws-modules/terraform-aws-eks/blob/master/docs/faq.md on desired_size.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .amis import Image, image_id
from .operations import Call
from .scaling import groups, transitions
from .scaling.model import Group
from .scaling.tags import tag
from .store import Cluster, Resource
from .templates import versions

_LOSSES = {
    "AutoScalingGroupNotFound": "We couldn't find the Auto Scaling group associated with the managed node group",
    "Ec2LaunchTemplateNotFound": "We couldn't find the Amazon EC2 launch template for your managed node group",
}
"""What a node group ails from that has lost them (service model, Issue.code)."""


def group_name(nodegroup: str, number: str) -> str:
    """The name of the Auto Scaling group of the node group with that unique `number`."""
    return f"eks-{nodegroup}-{number}"


def provide(call: Call, cluster: Cluster, nodegroup: Resource) -> None:
    """Make the launch template and the Auto Scaling group, which launches what the sizes say at once."""
    tags = {"eks:cluster-name": cluster.name, "eks:nodegroup-name": nodegroup.name}
    data = _template_data(call, cluster, nodegroup)
    template = versions.create(call.aws, _template_name(nodegroup), data, tags, call.now)
    settings = {
        **groups.DEFAULTS,
        **_sizes(nodegroup),
        "LaunchTemplate": {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": "1"},
        "VPCZoneIdentifier": ",".join(nodegroup.description["subnets"]),
        "TerminationPolicies": ["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        "CapacityRebalance": True,
    }
    groups.normalize(call.scaling, settings)
    group = Group(_group_name(nodegroup), "", call.now, settings)
    groups.create(call.scaling, group, _group_tags(cluster, nodegroup), {})
    call.scaling.act(group)


def resize(call: Call, nodegroup: Resource) -> None:
    """Give the Auto Scaling group the sizes of the node group."""
    group = _group(call, nodegroup)
    if group is not None:
        group.settings.update(_sizes(nodegroup))
        call.scaling.act(group)


def follow(call: Call, nodegroup: Resource) -> None:
    """Let the node group have the desired size that its Auto Scaling group has."""
    group = _group(call, nodegroup)
    if group is not None:
        nodegroup.description["scalingConfig"]["desiredSize"] = group.desired


def renew(call: Call, cluster: Cluster, nodegroup: Resource, target: dict[str, Any]) -> None:
    """Let the Auto Scaling group launch what the node group is, but for the members of its description in `target`."""
    group, template = _group(call, nodegroup), _template(call, nodegroup)
    if group is None or template is None:
        return
    future = replace(nodegroup, description={**nodegroup.description, **target})
    version = versions.extend(template, _template_data(call, cluster, future), "", call.now)
    template.default_version_number = version.number
    group.settings["LaunchTemplate"]["Version"] = str(version.number)


def launch(call: Call, nodegroup: Resource, count: int) -> None:
    """Launch more instances than the group has to have, as an update does."""
    group = _group(call, nodegroup)
    if group is not None:
        group.surge += count
        call.scaling.act(group)


def terminate(call: Call, nodegroup: Resource, instance_ids: list[str]) -> None:
    """Terminate instances of the group, in whose place no others come beyond its desired size."""
    group = _group(call, nodegroup)
    if group is None:
        return
    going = [member for member in group.members if member.id in instance_ids]
    for member in going:
        transitions.terminate(call.scaling, group, member, "EKS terminated an instance that it had drained.")
    group.surge = max(0, group.capacity - group.desired)
    call.scaling.act(group)


def withdraw(call: Call, nodegroup: Resource) -> None:
    """Remove both, as far as they are there. When EKS says that a node group is deleted, its instances are gone."""
    group = _group(call, nodegroup)
    if group is not None:
        groups.delete(call.scaling, group)
        group.members.clear()
        call.scaling.act(group)
    if _template(call, nodegroup):
        call.aws.ec2.delete_launch_template(_template_name(nodegroup), None)


def shortage(call: Call, nodegroup: Resource) -> bool:
    """Whether the Auto Scaling group could not launch as many instances as it wants."""
    group = _group(call, nodegroup)
    return group is not None and group.capacity < group.desired


def loss(call: Call, nodegroup: Resource) -> dict[str, Any] | None:
    """The ailment of a node group from under which one of the two was deleted, as a fault; None if all is there."""
    present = {
        "AutoScalingGroupNotFound": _group(call, nodegroup),
        "Ec2LaunchTemplateNotFound": _template(call, nodegroup),
    }
    code = next((code for code, found in present.items() if found is None), None)
    if code is None:
        return None
    affected = [_group_name(nodegroup) if code == "AutoScalingGroupNotFound" else _template_name(nodegroup)]
    return {"becomes": "DEGRADED", "code": code, "message": _LOSSES[code], "resourceIds": affected}


def _group(call: Call, nodegroup: Resource) -> Group | None:
    """The group, unless a user has deleted it, or is about to."""
    group = call.scaling.groups.get(_group_name(nodegroup))
    return group if group and not group.status else None


def _template(call: Call, nodegroup: Resource) -> Any | None:
    return call.aws.launch_template({"name": _template_name(nodegroup)})


def _group_name(nodegroup: Resource) -> str:
    name: str = nodegroup.description["resources"]["autoScalingGroups"][0]["name"]
    return name


def _template_name(nodegroup: Resource) -> str:
    return f"eks-{nodegroup.arn.rpartition('/')[2]}"


def _sizes(nodegroup: Resource) -> dict[str, int]:
    scaling = nodegroup.description["scalingConfig"]
    names = {"MinSize": "minSize", "MaxSize": "maxSize", "DesiredCapacity": "desiredSize"}
    return {name: scaling[size] for name, size in names.items()}


def _group_tags(cluster: Cluster, nodegroup: Resource) -> dict[str, dict[str, Any]]:
    """What EKS marks the group with, for the cluster autoscaler among others (managed-node-groups.html, "Nodes
    launched as part of a managed node group are automatically tagged for auto-discovery")."""
    tags = {
        "eks:cluster-name": cluster.name,
        "eks:nodegroup-name": nodegroup.name,
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
        f"kubernetes.io/cluster/{cluster.name}": "owned",
    }
    return {key: tag(_group_name(nodegroup), key, value, propagate=True) for key, value in tags.items()}


def _template_data(call: Call, cluster: Cluster, nodegroup: Resource) -> dict[str, Any]:
    """The data of the user's launch template, if there is one, with what EKS adds to it."""
    description = nodegroup.description
    reference = description.get("launchTemplate") or {}
    found = call.aws.launch_template(reference)
    data = dict(found.get_version(reference["version"]).data) if found else {}
    if not data.get("SecurityGroupIds"):
        data["SecurityGroupIds"] = [cluster.description["resourcesVpcConfig"]["clusterSecurityGroupId"]]
    if description.get("instanceTypes"):
        data.setdefault("InstanceType", description["instanceTypes"][0])
    if description["amiType"] != "CUSTOM":
        image = Image(description["amiType"], description["version"], description["releaseVersion"])
        data["ImageId"] = image_id(call.region.name, image)
    return data
