# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A self-managed node group in the simulated AWS, made with boto3, with pods on it; and what became of its nodes."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data
from support.clusters import api_of
from support.surroundings import Surroundings

NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/shop/pods"
BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
IMAGE = "/aws/service/eks/optimized-ami/1.33/amazon-linux-2023/x86_64/standard/recommended/image_id"


@dataclass(frozen=True)
class Watched:
    """The names of the Ready nodes at a moment in the history of a cluster's objects."""

    ready: set[str]
    revision: str


class SelfManaged:
    """The group ``web`` of the cluster prod, with so many nodes, and one more at most."""

    def __init__(self, aws: Surroundings, size: int = 3, name: str = "web", **members: Any) -> None:
        self.aws, self.name, self.scaling_group = aws, name, f"prod-{name}"
        self.scaling = aws.client("autoscaling")
        if not aws.eks.list_clusters()["clusters"]:
            network = {"endpointPrivateAccess": True}  # for nodes without a way to the internet
            access = {"authenticationMode": "API"}
            aws.cluster("prod", version="1.33", accessConfig=access, resourcesVpcConfig=network)
            entry = {"clusterName": "prod", "principalArn": aws.role("node")}
            aws.eks.create_access_entry(**entry, type="EC2_LINUX")
            aws.iam.create_instance_profile(InstanceProfileName="nodes")
            aws.iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="test-node")
        aws.ec2.create_launch_template(LaunchTemplateName=self.scaling_group, LaunchTemplateData=self.data())
        self.scaling.create_auto_scaling_group(
            **{
                "AutoScalingGroupName": self.scaling_group,
                "LaunchTemplate": {"LaunchTemplateName": self.scaling_group, "Version": "1"},
                "MinSize": 1,
                "MaxSize": size,
                "DesiredCapacity": size,
                "VPCZoneIdentifier": ",".join(aws.private_subnets),
                "Tags": [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in self.tags.items()],
                **members,
            }
        )
        aws.settle()
        assert len(self.nodes) == size

    @property
    def nodes(self) -> list[str]:
        """The names of its Ready nodes."""
        found = api_of(self.aws).list_all(NODES, labels=f"flotilla.eks/nodegroup={self.name}")
        return [node["metadata"]["name"] for node in found if is_ready(node)]

    @property
    def tags(self) -> dict[str, str]:
        own = {"flotilla.eks/cluster": "prod", "flotilla.eks/nodegroup": self.name}
        return {"kubernetes.io/cluster/prod": "owned", "Name": self.scaling_group, **own}

    def data(self, **changes: Any) -> dict[str, Any]:
        """What the launch template says; ``labels`` are the nodes'."""
        found = self.aws.eks.describe_cluster(name="prod")["cluster"]
        cluster = {
            "name": "prod",
            "endpoint": found["endpoint"],
            "certificate_authority": found["certificateAuthority"],
            "kubernetes_network_config": {
                "ip_family": "ipv4",
                "service_ipv4_cidr": found["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
            },
        }
        labels = {"flotilla.eks/nodegroup": self.name, **changes.pop("labels", {})}
        return {
            "ImageId": self.aws.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"],
            "InstanceType": "m5.large",
            "UserData": base64.b64encode(node_user_data(cluster, "al2023", labels=labels).encode()).decode(),
            "IamInstanceProfile": {"Name": "nodes"},
            "SecurityGroupIds": [found["resourcesVpcConfig"]["clusterSecurityGroupId"]],
            **changes,
        }

    def change(self, **changes: Any) -> None:
        """Let the group launch something else from now on."""
        made = self.aws.ec2.create_launch_template_version(
            LaunchTemplateName=self.scaling_group, LaunchTemplateData=self.data(**changes)
        )
        version = str(made["LaunchTemplateVersion"]["VersionNumber"])
        template = {"LaunchTemplateName": self.scaling_group, "Version": version}
        self.scaling.update_auto_scaling_group(AutoScalingGroupName=self.scaling_group, LaunchTemplate=template)

    @property
    def group(self) -> dict[str, Any]:
        found = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.scaling_group])
        (group,) = found["AutoScalingGroups"]
        return dict(group)

    @property
    def sizes(self) -> tuple[int, int, int]:
        group = self.group
        return group["MinSize"], group["DesiredCapacity"], group["MaxSize"]

    @property
    def instances(self) -> list[str]:
        return sorted(instance["InstanceId"] for instance in self.group["Instances"])

    @property
    def versions(self) -> set[str]:
        """Those of the launch template that there are instances of."""
        return {instance["LaunchTemplate"]["Version"] for instance in self.group["Instances"]}

    def untouched(self, *, sizes: tuple[int, int, int]) -> None:
        """Nothing is left of a roll: sizes and processes are as before, no tag, no node cordoned or marked."""
        group = self.group
        assert self.sizes == sizes
        assert group["SuspendedProcesses"] == []
        assert "flotilla.eks/roll" not in {tag["Key"] for tag in group["Tags"]}
        for node in api_of(self.aws).list_all(NODES):
            assert not node["spec"].get("unschedulable")
            assert "flotilla.eks/roll" not in (node["metadata"].get("annotations") or {})

    def deploy(self, replicas: int = 3, available: int = 2, **template: Any) -> None:
        """Pods of a deployment on the nodes, so many of which a budget wants available."""
        api, labels = api_of(self.aws), {"app": "web"}
        api.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        container = {"name": "web", "image": "public.ecr.aws/nginx/nginx:1.29"}
        pods = {"metadata": {"labels": labels}, "spec": {"containers": [container], **template}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pods}
        api.create(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})
        budget = {"minAvailable": available, "selector": {"matchLabels": labels}}
        api.create(BUDGETS, {"metadata": {"name": "web"}, "spec": budget})
        self.aws.settle()

    def watch(self) -> Watched:
        """The nodes as they are now, for what becomes of them."""
        (listed,) = self._get(NODES)
        ready = {node["metadata"]["name"] for node in listed["items"] if is_ready(node)}
        return Watched(ready, listed["metadata"]["resourceVersion"])

    def fewest_ready(self, watched: Watched) -> int:
        """The least number of Ready nodes that there has been at any moment since."""
        ready = set(watched.ready)
        fewest = len(ready)
        for event in self._get(f"{NODES}?watch=1&timeoutSeconds=1&resourceVersion={watched.revision}"):
            name = event["object"]["metadata"]["name"]
            if event["type"] != "DELETED" and is_ready(event["object"]):
                ready.add(name)
            else:
                ready.discard(name)
            fewest = min(fewest, len(ready))
        return fewest

    def _get(self, path: str) -> Iterator[dict[str, Any]]:
        """The documents of an answer, one a line."""
        found = self.aws.eks.describe_cluster(name="prod")["cluster"]
        context = ssl.create_default_context(cadata=base64.b64decode(found["certificateAuthority"]["data"]).decode())
        token = {"Authorization": f"Bearer {make_token(self.aws.client('sts'), 'prod')}"}
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as the product does
        with urlopen(Request(found["endpoint"] + path, headers=token), context=context, timeout=30) as answer:
            for line in answer:
                yield json.loads(line)


def is_ready(node: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])
