# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Auto Scaling group behind a managed node group, and the launch template behind that one, both in moto.

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
from .store import Cluster, Resource

_LOSSES = {
    "AutoScalingGroupNotFound": "We couldn't find the Auto Scaling group associated with the managed node group",
    "Ec2LaunchTemplateNotFound": "We couldn't find the Amazon EC2 launch template for your managed node group",
}
"""What a node group ails from that has lost them (service model, Issue.code)."""


def group_name(nodegroup: str, number: str) -> str:
    """The name of the Auto Scaling group of the node group with that unique `number`."""
    return f"eks-{nodegroup}-{number}"


def provide(call: Call, cluster: Cluster, nodegroup: Resource) -> None:
    """Make launch template and Auto Scaling group, of no size yet, and set the sizes."""
    tags = {"eks:cluster-name": cluster.name, "eks:nodegroup-name": nodegroup.name}
    template = call.aws.ec2.create_launch_template(
        _template_name(nodegroup), "", _template_data(call, cluster, nodegroup), {"launch-template": tags}
    )
    call.aws.autoscaling.create_auto_scaling_group(
        name=_group_name(nodegroup),
        availability_zones=[],
        desired_capacity=0,
        max_size=0,
        min_size=0,
        launch_config_name="",
        launch_template={"LaunchTemplateId": template.id, "Version": "1"},
        vpc_zone_identifier=",".join(nodegroup.description["subnets"]),
        default_cooldown=None,
        health_check_period=None,
        health_check_type=None,
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        tags=_group_tags(cluster, nodegroup),
        capacity_rebalance=True,
    )
    resize(call, nodegroup)


def resize(call: Call, nodegroup: Resource) -> None:
    """Give the Auto Scaling group the sizes of the node group."""
    group = _group(call, nodegroup)
    if group is None:
        return
    scaling = nodegroup.description["scalingConfig"]
    group.min_size, group.max_size = scaling["minSize"], scaling["maxSize"]
    group.set_desired_capacity(scaling["desiredSize"])
    call.boots.look(call.region)


def follow(call: Call, nodegroup: Resource) -> None:
    """Let the node group have the desired size that its Auto Scaling group has."""
    group = _group(call, nodegroup)
    if group is not None:
        nodegroup.description["scalingConfig"]["desiredSize"] = group.desired_capacity


def renew(call: Call, cluster: Cluster, nodegroup: Resource, target: dict[str, Any]) -> None:
    """Let the Auto Scaling group launch what the node group is, but for the members of its description in `target`."""
    group, template = _group(call, nodegroup), _template(call, nodegroup)
    if group is None or template is None:
        return
    future = replace(nodegroup, description={**nodegroup.description, **target})
    version = template.create_version(_template_data(call, cluster, future), "")
    template.default_version_number = version.number
    group.launch_template_version = group.provided_launch_template_version = str(version.number)


def launch(call: Call, nodegroup: Resource, count: int) -> None:
    """Launch more instances than the group has to have, as an update does."""
    group = _group(call, nodegroup)
    if group is not None:
        group.replace_autoscaling_group_instances(count, group.get_propagated_tags())
        call.boots.look(call.region)


def terminate(call: Call, nodegroup: Resource, instance_ids: list[str]) -> None:
    """Terminate instances of the group, in whose place no others come."""
    group = _group(call, nodegroup)
    if group is not None:
        states = [state for state in group.instance_states if state.instance.id not in instance_ids]
        group.instance_states = states
    if instance_ids:
        call.aws.ec2.terminate_instances(instance_ids)
    call.boots.look(call.region)


def withdraw(call: Call, nodegroup: Resource) -> None:
    """Remove both, as far as they are there."""
    if _group(call, nodegroup):
        call.aws.autoscaling.delete_auto_scaling_group(_group_name(nodegroup))
    if _template(call, nodegroup):
        call.aws.ec2.delete_launch_template(_template_name(nodegroup), None)
    call.boots.look(call.region)


def shortage(call: Call, nodegroup: Resource) -> bool:
    """Whether the Auto Scaling group could not launch as many instances as it wants."""
    group = _group(call, nodegroup)
    return group is not None and len(group.instance_states) < group.desired_capacity


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


def _group(call: Call, nodegroup: Resource) -> Any | None:
    return call.aws.autoscaling.autoscaling_groups.get(_group_name(nodegroup))


def _template(call: Call, nodegroup: Resource) -> Any | None:
    return call.aws.launch_template({"name": _template_name(nodegroup)})


def _group_name(nodegroup: Resource) -> str:
    name: str = nodegroup.description["resources"]["autoScalingGroups"][0]["name"]
    return name


def _template_name(nodegroup: Resource) -> str:
    return f"eks-{nodegroup.arn.rpartition('/')[2]}"


def _group_tags(cluster: Cluster, nodegroup: Resource) -> list[dict[str, Any]]:
    """What EKS marks the group with, for the cluster autoscaler among others (managed-node-groups.html, "Nodes
    launched as part of a managed node group are automatically tagged for auto-discovery")."""
    tags = {
        "eks:cluster-name": cluster.name,
        "eks:nodegroup-name": nodegroup.name,
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
        f"kubernetes.io/cluster/{cluster.name}": "owned",
    }
    return [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()]


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
