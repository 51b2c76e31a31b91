# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of nobody's node group join their cluster if their user data, role, network and version let them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from unit.simulator.account import CREATION, Account
from unit.simulator.kubectl import Kubectl

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data

Node = dict[str, Any]
IMAGES = {
    "al2023": "/aws/service/eks/optimized-ami/{}/amazon-linux-2023/x86_64/standard/recommended/image_id",
    "bottlerocket": "/aws/service/bottlerocket/aws-k8s-{}/x86_64/latest/image_id",
    "ubuntu": "/aws/service/canonical/ubuntu/eks/24.04/{}/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "windows": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-EKS_Optimized-{}/image_id",
}


@dataclass
class Fleet:
    """Self-managed instances of one cluster, with what they need."""

    account: Account
    kubectl: Kubectl
    profile: str

    @property
    def cluster(self) -> dict[str, Any]:
        """The cluster as flotilla.eks.cluster returns what matters here."""
        found = self.account.describe(self.kubectl.cluster)
        return {
            "name": found["name"],
            "endpoint": found["endpoint"],
            "certificate_authority": found["certificateAuthority"],
            "kubernetes_network_config": {
                "ip_family": "ipv4",
                "service_ipv4_cidr": found["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
            },
        }

    @property
    def cluster_group(self) -> str:
        group: str = self.account.describe(self.kubectl.cluster)["resourcesVpcConfig"]["clusterSecurityGroupId"]
        return group

    def image(self, family: str = "al2023", version: str = "1.33") -> str:
        found = self.account.client("ssm").get_parameter(Name=IMAGES[family].format(version))
        image: str = found["Parameter"]["Value"]
        return image

    def user_data(self, family: str = "al2023", cluster: dict[str, Any] | None = None, **options: Any) -> str:
        return node_user_data({**self.cluster, **(cluster or {})}, family, **options)

    def launch(self, user_data: str, family: str = "al2023", **parameters: Any) -> str:
        """The id of a new instance, in order but for what is passed; None leaves a parameter out."""
        request = {
            "ImageId": self.image(family),
            "InstanceType": "m5.large",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": self.account.subnets[0],
            "SecurityGroupIds": [self.cluster_group],
            "IamInstanceProfile": {"Name": self.profile},
            "UserData": user_data,
            **parameters,
        }
        asked = {name: value for name, value in request.items() if value is not None}
        (instance,) = self.account.ec2.run_instances(**asked)["Instances"]
        number: str = instance["InstanceId"]
        return number

    def nodes(self) -> dict[str, Node]:
        """The nodes by the ids of their instances."""
        return {node["spec"]["providerID"].rpartition("/")[2]: node for node in self.kubectl.asked("/api/v1/nodes")}

    def console(self, instance: str) -> str:
        answer = self.account.ec2.get_console_output(InstanceId=instance)
        found: str = answer.get("Output", "")
        return found

    def terminate(self, *instances: str) -> None:
        self.account.ec2.terminate_instances(InstanceIds=list(instances))


def profile_of(account: Account, *roles: str) -> str:
    name = account.name("profile")
    account.iam.create_instance_profile(InstanceProfileName=name)
    for role in roles:
        account.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return name


@pytest.fixture(scope="module")
def home(built_account: Account) -> tuple[str, str]:
    """A cluster with a private endpoint that lets the nodes' role in, and an instance profile of that role."""
    access = {"authenticationMode": "API"}
    cluster = built_account.cluster({"endpointPrivateAccess": True}, accessConfig=access, version="1.33")
    entry = {"clusterName": cluster, "principalArn": built_account.roles["node"]}
    built_account.eks.create_access_entry(**entry, type="EC2_LINUX")
    return cluster, profile_of(built_account, "node")


@pytest.fixture
def fleet(account: Account, home: tuple[str, str], tmp_path: Path) -> Fleet:
    return Fleet(account, Kubectl(account, home[0], tmp_path), home[1])


def ready(node: Node) -> str:
    (found,) = (one for one in node["status"]["conditions"] if one["type"] == "Ready")
    status: str = found["status"]
    return status


def test_auto_scaling_groups_launch_nodes_from_templates_and_from_configurations(fleet: Fleet) -> None:
    account, name, scaling = fleet.account, fleet.account.name("workers"), fleet.account.client("autoscaling")
    data = fleet.user_data(labels={"pool": name})
    machine = {"ImageId": fleet.image(), "InstanceType": "m5.large"}
    template = account.template(
        **machine,
        UserData=base64.b64encode(data.encode()).decode(),
        IamInstanceProfile={"Name": fleet.profile},
        SecurityGroupIds=[fleet.cluster_group],
    )
    given = {"IamInstanceProfile": fleet.profile, "SecurityGroups": [fleet.cluster_group]}
    scaling.create_launch_configuration(LaunchConfigurationName=name, **machine, UserData=data, **given)
    subnets = ",".join(account.subnets)
    sources: list[dict[str, Any]] = [
        {"LaunchTemplate": {"LaunchTemplateId": template["id"], "Version": "1"}},
        {"LaunchConfigurationName": name},
    ]
    for number, source in enumerate(sources):
        group = {"AutoScalingGroupName": f"{name}-{number}", "VPCZoneIdentifier": subnets, **source}
        scaling.create_auto_scaling_group(**group, MinSize=2, MaxSize=2)
    account.sim.advance(CREATION)
    joined = [node for node in fleet.nodes().values() if node["metadata"]["labels"].get("pool") == name]
    assert [ready(node) for node in joined] == ["True"] * 4
    for number in range(2):
        scaling.delete_auto_scaling_group(AutoScalingGroupName=f"{name}-{number}", ForceDelete=True)
    account.sim.advance(CREATION)
    assert not [node for node in fleet.nodes().values() if node["metadata"]["labels"].get("pool") == name]


@pytest.mark.parametrize("family", ["al2023", "bottlerocket", "ubuntu"])
def test_a_node_is_what_its_user_data_says(fleet: Fleet, family: str) -> None:
    taint = {"key": "team", "value": "a", "effect": "NoSchedule"}
    data = fleet.user_data(family, labels={"tier": "web"}, taints=[taint], max_pods=11)
    instance = fleet.launch(data, family)
    assert fleet.console(instance) == ""
    fleet.account.sim.advance(CREATION)
    node = fleet.nodes()[instance]
    assert (ready(node), node["metadata"]["labels"]["tier"], node["spec"]["taints"]) == ("True", "web", [taint])
    assert not any(label.startswith("eks.amazonaws.com/") for label in node["metadata"]["labels"])
    assert node["status"]["capacity"]["pods"] == "11"
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.33.5-eks-")
    assert {"al2023": "Amazon Linux 2023", "bottlerocket": "Bottlerocket", "ubuntu": "Ubuntu 24.04"}[family] in (
        node["status"]["nodeInfo"]["osImage"]
    )
    assert "Successfully registered node" in fleet.console(instance)
    fleet.terminate(instance)
    assert instance not in fleet.nodes()


def test_every_failure_is_on_the_console_of_its_instance(fleet: Fleet, subtests: pytest.Subtests) -> None:
    good, account = fleet.user_data(), fleet.account
    powerless = account.role(account.name("powerless"), "ec2.amazonaws.com")
    stranger = account.role(account.name("stranger"), "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy")
    foreign = account.vpc_of("10.9.0.0/16")
    other_group = account.ec2.create_security_group(GroupName=account.name("sg"), Description="x", VpcId=account.vpc)
    elsewhere = {"endpoint": "https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com"}
    wrong = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").decode()
    account.sim.advance(60)
    launches: dict[str, Callable[[], str]] = {
        "CIDR is missing in cluster configuration": lambda: fleet.launch(good.replace("cidr", "cidrs")),
        "could not find NodeConfig": lambda: fleet.launch(good.replace("application/node.eks.aws", "text/plain")),
        "unknown 'kubernetes.io' or 'k8s.io' labels": lambda: fleet.launch(
            fleet.user_data(kubelet_flags=["--node-labels=a.k8s.io/b=c"])
        ),
        "bootstrap.sh has been removed": lambda: fleet.launch("#!/bin/bash\n/etc/eks/bootstrap.sh x\n"),
        "no EC2 IMDS role found": lambda: fleet.launch(good, IamInstanceProfile=None),
        "lacks ec2:DescribeInstances": lambda: fleet.launch(
            good, IamInstanceProfile={"Name": profile_of(account, powerless.rpartition("/")[2])}
        ),
        'err="Unauthorized"': lambda: fleet.launch(
            good, IamInstanceProfile={"Name": profile_of(account, stranger.rpartition("/")[2])}
        ),
        "gr7.eu-central-1.eks.amazonaws.com: no such host": lambda: fleet.launch(fleet.user_data(cluster=elsewhere)),
        "x509: certificate signed by unknown authority": lambda: fleet.launch(
            fleet.user_data(cluster={"certificate_authority": {"data": wrong}})
        ),
        "10.0.0.11:443: i/o timeout": lambda: fleet.launch(good, SecurityGroupIds=[other_group["GroupId"]]),
        ":443: i/o timeout": lambda: fleet.launch(
            good,
            SubnetId=account.subnet("10.9.0.0/24", account.zones[0], foreign),
            SecurityGroupIds=None,
        ),
        "could not find the requested resource": lambda: fleet.launch(good, ImageId=fleet.image(version="1.34")),
        "(kubelet v1.29, API server v1.33)": lambda: fleet.launch(good, ImageId=fleet.image(version="1.29")),
        "unknown field `cluster_name`": lambda: fleet.launch(
            fleet.user_data("bottlerocket").replace("cluster-name", "cluster_name"), "bottlerocket"
        ),
        "cluster name is not defined": lambda: fleet.launch(
            "#!/bin/bash\n/etc/eks/bootstrap.sh --ip-family ipv4\n", "ubuntu"
        ),
        "No cluster found for name: nowhere": lambda: fleet.launch(
            "#!/bin/bash\n/etc/eks/bootstrap.sh nowhere\n", "ubuntu"
        ),
        'nodes \\"hostname\\" is forbidden': lambda: fleet.launch(
            fleet.user_data(kubelet_flags=["--hostname-override=hostname"])
        ),
    }
    instances = {said: launch() for said, launch in launches.items()}
    plain = fleet.launch("#!/bin/bash\necho hello\n", ImageId="ami-0123456789abcdef0")
    account.sim.advance(CREATION)
    joined = fleet.nodes()
    for said, instance in instances.items():
        with subtests.test(said):
            assert said in fleet.console(instance)
            assert instance not in joined
    assert plain not in joined
    told = {entry["parameters"]["instance"]: entry["parameters"] for entry in happened(account, "turn away")}
    assert set(told) >= set(instances.values())
    assert "no ingress rule of sg-" in told[instances["10.0.0.11:443: i/o timeout"]]["why"]
    fleet.terminate(*instances.values(), plain)


def test_what_is_mended_joins_and_what_nodeadm_gave_up_joins_after_a_restart(fleet: Fleet) -> None:
    account, good = fleet.account, fleet.user_data()
    group = account.ec2.create_security_group(GroupName=account.name("sg"), Description="x", VpcId=account.vpc)[
        "GroupId"
    ]
    shut = fleet.launch(good, SecurityGroupIds=[group])
    bare = fleet.launch(good, IamInstanceProfile=None)
    account.sim.advance(900)
    assert not {shut, bare} & set(fleet.nodes())
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}
    account.ec2.authorize_security_group_ingress(GroupId=fleet.cluster_group, IpPermissions=[rule])
    account.ec2.associate_iam_instance_profile(InstanceId=bare, IamInstanceProfile={"Name": fleet.profile})
    account.sim.advance(300)
    joined = set(fleet.nodes())
    assert (shut in joined, bare in joined) == (True, False)
    assert "login:" in fleet.console(shut)
    account.ec2.reboot_instances(InstanceIds=[bare, shut])
    assert [ready(node) for node in fleet.nodes().values() if node["spec"]["providerID"].endswith(shut)] == ["Unknown"]
    account.sim.advance(300)
    assert [ready(fleet.nodes()[one]) for one in (bare, shut)] == ["True", "True"]
    account.ec2.stop_instances(InstanceIds=[bare])
    assert ready(fleet.nodes()[bare]) == "Unknown"
    account.ec2.start_instances(InstanceIds=[bare])
    account.sim.advance(300)
    assert ready(fleet.nodes()[bare]) == "True"
    fleet.terminate(shut, bare)
    account.ec2.revoke_security_group_ingress(GroupId=fleet.cluster_group, IpPermissions=[rule])


def test_a_public_endpoint_is_reached_by_way_of_the_internet(account: Account, tmp_path: Path) -> None:
    access = {"authenticationMode": "API_AND_CONFIG_MAP"}
    cluster = account.cluster(accessConfig=access, version="1.33")
    account.eks.create_access_entry(clusterName=cluster, principalArn=account.roles["node"], type="EC2_LINUX")
    fleet = Fleet(account, Kubectl(account, cluster, tmp_path), profile_of(account, "node"))
    account.eks.create_addon(clusterName=cluster, addonName="coredns", resolveConflicts="OVERWRITE")
    data = fleet.user_data()
    interface = {"DeviceIndex": 0, "SubnetId": account.public_subnet, "Groups": [fleet.cluster_group]}
    private = fleet.launch(data)
    nameless, public = (
        fleet.launch(
            data,
            SubnetId=None,
            SecurityGroupIds=None,
            NetworkInterfaces=[{**interface, "AssociatePublicIpAddress": has_address}],
        )
        for has_address in (False, True)
    )
    account.sim.advance(CREATION)
    assert set(fleet.nodes()) == {public}
    addon = account.eks.describe_addon(clusterName=cluster, addonName="coredns")["addon"]
    assert addon["status"] == "ACTIVE"  # EKS does not mind whose nodes they are
    assert all("i/o timeout" in fleet.console(one) for one in (private, nameless))
    fleet.terminate(private, nameless, public)


def test_a_wrong_range_of_services_lets_a_node_join_that_asks_another_dns(fleet: Fleet) -> None:
    """nodeadm makes of it the address of the DNS, and does not look whether somebody is there."""
    network = {"ip_family": "ipv4", "service_ipv4_cidr": "192.168.0.0/16"}
    wrong = fleet.launch(fleet.user_data(cluster={"kubernetes_network_config": network}))
    network = {"ip_family": "ipv6", "service_ipv6_cidr": "fd30:1c53:5f8a::/108"}
    alien = fleet.launch(fleet.user_data(cluster={"kubernetes_network_config": network}))
    fleet.account.sim.advance(CREATION)
    nodes = fleet.nodes()
    assert ready(nodes[wrong]) == "True"
    assert '"cidr":"192.168.0.0/16"' in fleet.console(wrong)
    assert alien not in nodes
    assert "ipv6s, StatusCode: 404" in fleet.console(alien)
    fleet.terminate(wrong, alien)


def test_logs_need_a_way_from_the_control_plane_to_the_kubelet(fleet: Fleet) -> None:
    account = fleet.account
    group = account.ec2.create_security_group(GroupName=account.name("sg"), Description="x", VpcId=account.vpc)[
        "GroupId"
    ]
    up = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}
    account.ec2.authorize_security_group_ingress(GroupId=fleet.cluster_group, IpPermissions=[up])
    labels = {"pool": account.name("pool")}
    instance = fleet.launch(fleet.user_data(labels=labels), SecurityGroupIds=[group])
    account.sim.advance(CREATION)
    assert ready(fleet.nodes()[instance]) == "True"
    name = account.name("web")
    spec = {"nodeSelector": labels, "containers": [{"name": "web", "image": "registry.k8s.io/pause:3.10"}]}
    fleet.kubectl.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    account.sim.advance(60)
    assert f":10250/containerLogs/default/{name}/web" in fleet.kubectl("logs", name).stderr
    down = {"IpProtocol": "tcp", "FromPort": 1025, "ToPort": 65535, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[down])
    assert fleet.kubectl.said("logs", name) == ""
    account.ec2.revoke_security_group_ingress(GroupId=fleet.cluster_group, IpPermissions=[up])
    fleet.terminate(instance)


def test_a_node_may_have_the_id_of_its_instance_as_its_name(fleet: Fleet) -> None:
    account = fleet.account
    role = account.role(account.name("by-id"), "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy")
    account.sim.advance(60)
    account.eks.create_access_entry(clusterName=fleet.kubectl.cluster, principalArn=role, type="EC2")
    profile = profile_of(account, role.rpartition("/")[2])
    pods = {"maxPodsExpression": "max_pods < 20 ? max_pods : 20"}
    data = fleet.user_data(node_config={"featureGates": {"InstanceIdNodeName": True}, "kubelet": pods})
    right = fleet.launch(data, IamInstanceProfile={"Name": profile})
    wrong = fleet.launch(fleet.user_data(), IamInstanceProfile={"Name": profile})
    account.sim.advance(CREATION)
    nodes = fleet.nodes()
    assert wrong not in nodes
    assert nodes[right]["metadata"]["name"] == right
    assert nodes[right]["status"]["capacity"]["pods"] == "20"
    assert "is forbidden" in fleet.console(wrong)
    fleet.terminate(right, wrong)


def test_pods_are_lost_with_a_node_that_nobody_drained(fleet: Fleet) -> None:
    account = fleet.account
    labels = {"pool": account.name("pool")}
    drained, undrained = (fleet.launch(fleet.user_data(labels=labels)) for _number in range(2))
    account.sim.advance(CREATION)
    name = account.name("web")
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"nodeSelector": labels, "containers": [{"name": "web", "image": "registry.k8s.io/pause:3.10"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    fleet.kubectl.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
    account.sim.advance(60)
    since = max(entry["n"] for entry in account.sim.ledger())
    gone = fleet.nodes()[drained]["metadata"]["name"]
    fleet.kubectl("drain", gone, "--ignore-daemonsets", "--timeout=1s")  # time stands still: the pods end later
    account.sim.advance(60)
    fleet.terminate(drained)
    assert happened(account, "lose pods", since) == []
    here = fleet.kubectl.asked(f"/api/v1/namespaces/default/pods?labelSelector=app%3D{name}")
    fleet.terminate(undrained)
    (entry,) = happened(account, "lose pods", since)
    assert (entry["write"], entry["error"]) == (False, None)
    assert entry["parameters"]["cluster"] == fleet.kubectl.cluster
    assert set(entry["parameters"]["pods"]) >= {f"default/{pod['metadata']['name']}" for pod in here}
    assert len(here) == 2
    assert not any(
        pod.startswith(("kube-system/aws-node", "kube-system/kube-proxy")) for pod in entry["parameters"]["pods"]
    )


def happened(account: Account, what: str, since: int = 0) -> list[dict[str, Any]]:
    entries = [entry for entry in account.sim.ledger(since) if entry["service"] == "simulator"]
    return [entry for entry in entries if entry["operation"] == what]


def test_windows_needs_an_entry_of_its_own_addresses_for_its_pods_and_linux_for_dns(
    account: Account, tmp_path: Path
) -> None:
    cluster = account.cluster(
        {"endpointPrivateAccess": True}, accessConfig={"authenticationMode": "API"}, version="1.33"
    )
    fleet = Fleet(account, Kubectl(account, cluster, tmp_path), profile_of(account, "node"))
    entry = {"clusterName": cluster, "principalArn": account.roles["node"]}
    account.eks.create_access_entry(**entry, type="EC2_LINUX")
    instance = fleet.launch(fleet.user_data("windows", labels={"tier": "web"}), "windows")
    account.sim.advance(CREATION)
    assert ready(fleet.nodes()[instance]) == "False"
    assert "endpointslices.discovery.k8s.io is forbidden" in fleet.console(instance)
    account.eks.delete_access_entry(**entry)
    account.eks.create_access_entry(**entry, type="EC2_WINDOWS")
    account.sim.advance(CREATION)
    node = fleet.nodes()[instance]
    assert ready(node) == "True"
    assert (node["metadata"]["labels"]["kubernetes.io/os"], node["metadata"]["labels"]["tier"]) == ("windows", "web")
    assert "Windows is Ready to use" in fleet.console(instance)
    container = {"name": "web", "image": "mcr.microsoft.com/windows/nanoserver:ltsc2022"}
    spec = {"nodeSelector": {"kubernetes.io/os": "windows"}, "containers": [container]}
    fleet.kubectl.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
    account.sim.advance(60)
    waiting = fleet.kubectl.asked("/api/v1/pods")
    assert {pod["metadata"]["name"].partition("-")[0]: pod["status"]["phase"] for pod in waiting} == {
        "web": "Pending",
        "coredns": "Pending",
    }
    assert "enable-windows-ipam" not in str(waiting)
    assert "pod does not have label vpc.amazonaws.com/PrivateIPv4Address" in str(
        fleet.kubectl.asked("/api/v1/namespaces/default/events")
    )
    switch = {"namespace": "kube-system", "name": "amazon-vpc-cni"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": switch, "data": {"enable-windows-ipam": "true"}}
    fleet.kubectl.create(config)
    account.sim.advance(60)
    assert [pod["status"]["phase"] for pod in fleet.kubectl.asked("/api/v1/namespaces/default/pods")] == ["Running"]
    fleet.terminate(instance)
