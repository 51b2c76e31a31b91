# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 instances that are machines: each an instance of the simulated AWS, and a real host that takes itself for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.machines import File, Files, Machines
from support.stand_ins import __file__ as stand_ins
from support.surroundings import Surroundings

PORT = 1338
KUBELET = "v1.33.4-eks-99d6cc0"
_HERE = Path(stand_ins).parent
_PROGRAM = '#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/opt exec /usr/bin/python3 -m stand_ins.{name} "$@"\n'
_AMAZON_LINUX = """NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PRETTY_NAME="Amazon Linux 2023.8.20250915"
"""
_KUBELET_UNIT = """[Unit]
Description=Kubernetes Kubelet
[Service]
EnvironmentFile=/etc/environment
EnvironmentFile=/etc/eks/kubelet/environment
ExecStart=/usr/bin/kubelet $NODEADM_KUBELET_ARGS
Restart=on-failure
RestartForceExitStatus=SIGPIPE
RestartSec=1
KillMode=process
[Install]
WantedBy=multi-user.target
"""
_IMDS_UNIT = """[Unit]
Description=Instance metadata service
Before=ssh.service
[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/local/sbin/imds
[Install]
WantedBy=multi-user.target
"""
AMI: Files = {
    "/etc/os-release": File(_AMAZON_LINUX),
    "/etc/sudoers.d/imds": File("Defaults env_keep += AWS_EC2_METADATA_SERVICE_ENDPOINT\n", mode=0o440),
    "/etc/stand-ins/kubelet-version": File(KUBELET),
    "/etc/systemd/system/imds.service": File(_IMDS_UNIT),
    "/etc/systemd/system/kubelet.service": File(_KUBELET_UNIT),
    "/etc/systemd/system/multi-user.target.wants/imds.service": File(link="/etc/systemd/system/imds.service"),
    "/usr/bin/kubelet": File(_PROGRAM.format(name="kubelet"), mode=0o755),
    "/usr/bin/nodeadm": File(_PROGRAM.format(name="nodeadm"), mode=0o755),
    "/usr/local/sbin/imds": File(_PROGRAM.format(name="imds"), mode=0o755),
    **{f"/opt/stand_ins/{path.name}": File(source=str(path)) for path in _HERE.glob("*.py")},
}
"""What an EKS optimized AMI of Amazon Linux 2023 has, and the service around it."""


@dataclass(frozen=True)
class Ec2Instance:
    """An instance of the simulated AWS: its id, and the name that EC2 gives it."""

    id: str
    name: str
    documents: Mapping[str, str]


class Ec2Machines(Machines):
    """Machines that are instances of ``aws`` with a role that the cluster lets in. ``files`` differ from the AMI's."""

    def __init__(
        self,
        aws: Surroundings,
        directory: Path,
        names: Sequence[str],
        *,
        files: Mapping[str, Files] | None = None,
        user_data: str | None = None,
    ) -> None:
        self.instances = {name: launch(aws, user_data) for name in names}
        super().__init__({name: (files or {}).get(name, {}) for name in names}, directory, common=AMI)
        for name, instance in self.instances.items():
            self.add(name, _metadata(self.addresses[name], instance))


def cluster_for_nodes(aws: Surroundings, name: str) -> None:
    """An ACTIVE cluster that lets the role of the instances in."""
    aws.cluster(name, version="1.33", accessConfig={"authenticationMode": "API"})
    aws.eks.create_access_entry(clusterName=name, principalArn=aws.role("node"), type="EC2_LINUX")


def launch(aws: Surroundings, user_data: str | None = None) -> Ec2Instance:
    """An instance with the role ``test-node``, which somebody else launched, and what its metadata are."""
    role = aws.role("node")
    name = role.rpartition("/")[2]
    profile = f"arn:aws:iam::{aws.account}:instance-profile/{name}"
    given: dict[str, Any] = {"ImageId": "ami-0a1b2c3d", "InstanceType": "m7i.large", "SubnetId": aws.private_subnets[0]}
    made = aws.ec2.run_instances(MinCount=1, MaxCount=1, **given)["Instances"][0]
    keys = aws.simulator.instance_credentials(made["InstanceId"], role)
    credentials = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": keys["access_key_id"],
        "SecretAccessKey": keys["secret_access_key"],
        "Token": keys["session_token"],
        "Expiration": keys["expiration"],
    }
    identity = {
        "accountId": aws.account,
        "availabilityZone": made["Placement"]["AvailabilityZone"],
        "instanceId": made["InstanceId"],
        "instanceType": made["InstanceType"],
        "region": aws.region,
    }
    documents = {
        "dynamic/instance-identity/document": json.dumps(identity),
        "meta-data/iam/info": json.dumps({"Code": "Success", "InstanceProfileArn": profile}),
        "meta-data/iam/security-credentials/": name,
        f"meta-data/iam/security-credentials/{name}": json.dumps(credentials),
        "meta-data/local-hostname": made["PrivateDnsName"],
        "meta-data/local-ipv4": made["PrivateIpAddress"],
        **({"user-data": user_data} if user_data else {}),
    }
    return Ec2Instance(made["InstanceId"], made["PrivateDnsName"], documents)


def _metadata(address: str, instance: Ec2Instance) -> Files:
    data = {"address": address, "port": PORT, "documents": dict(instance.documents)}
    return {
        "/etc/environment": File(f"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://{address}:{PORT}\n"),
        "/etc/stand-ins/imds.json": File(json.dumps(data), mode=0o600),
    }
