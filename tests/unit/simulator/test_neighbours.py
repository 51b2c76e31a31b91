# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto beside EKS: what passes through, what is counted, what is refused instead of failing."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from unit.simulator.account import Account, refusal


def last(account: Account) -> dict[str, Any]:
    return account.sim.ledger()[-1]


def test_the_ledger_tells_reads_from_writes_in_every_protocol(account: Account) -> None:
    account.ec2.describe_vpcs()
    assert (last(account)["service"], last(account)["operation"], last(account)["write"]) == (
        "ec2",
        "DescribeVpcs",
        False,
    )
    account.ec2.create_vpc(CidrBlock="10.50.0.0/16")
    assert (last(account)["operation"], last(account)["write"]) == ("CreateVpc", True)
    assert last(account)["parameters"] == {"CidrBlock": "10.50.0.0/16"}
    account.client("ssm").put_parameter(Name="/a", Value="b", Type="String")
    assert (last(account)["service"], last(account)["operation"]) == ("ssm", "PutParameter")
    account.client("s3").list_buckets()
    assert (last(account)["service"], last(account)["write"]) == ("s3", False)
    account.client("sts").get_caller_identity()
    assert (last(account)["operation"], last(account)["write"]) == ("GetCallerIdentity", False)
    account.eks.list_clusters()
    assert last(account)["write"] is False


def test_a_dry_run_is_no_write(account: Account) -> None:
    assert refusal(account.ec2.create_vpc, CidrBlock="10.51.0.0/16", DryRun=True).code == "DryRunOperation"
    assert last(account)["write"] is False


def test_the_ledger_has_errors_times_and_places(account: Account) -> None:
    refusal(account.eks.describe_cluster, name="nowhere")
    entry = last(account)
    assert (entry["status"], entry["error"]) == (404, "ResourceNotFoundException")
    assert (entry["region"], entry["account"]) == ("eu-central-1", "123456789012")
    assert entry["parameters"] == {"name": "nowhere"}
    assert entry["at"] <= account.sim.now()
    refusal(account.ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"])
    assert last(account)["error"] == "InvalidVpcID.NotFound"
    refusal(account.client("ssm").get_parameter, Name="/none")
    assert last(account)["error"] == "ParameterNotFound"


def test_the_ledger_keeps_no_secrets(account: Account) -> None:
    secrets = account.client("secretsmanager")
    secrets.create_secret(Name=account.name("secret"), SecretString="hush-hush")
    assert "hush-hush" not in str(account.sim.ledger())


def test_the_ledger_is_read_on_from_a_number_and_cleared(account: Account) -> None:
    account.eks.list_clusters()
    number = last(account)["n"]
    assert account.sim.ledger(number) == []
    account.sim.clear_ledger()
    assert account.sim.ledger() == []
    account.eks.list_clusters()
    assert last(account)["n"] == number + 1


def test_what_moto_lacks_is_refused_once(account: Account) -> None:
    patient = boto3.client(
        "ec2",
        region_name="eu-central-1",
        endpoint_url=account.sim.url,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
    )
    account.sim.clear_ledger()
    refused = refusal(patient.describe_fpga_images)
    assert (refused.code, refused.status) == ("InvalidAction", 400)
    assert refused.message.startswith("The simulator does not serve ec2:DescribeFpgaImages.")
    assert len(account.sim.ledger()) == 1


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("ssm", "describe_patch_groups", {}),
        ("rolesanywhere", "reset_notification_settings", {"trustAnchorId": "0" * 36, "notificationSettingKeys": []}),
        ("service-quotas", "get_service_quota", {"ServiceCode": "eks", "QuotaCode": "x"}),
        ("cloudtrail", "lookup_events", {}),
    ],
)
def test_no_service_fails_with_http_500(
    account: Account, service: str, method: str, parameters: dict[str, str]
) -> None:
    assert refusal(getattr(account.client(service), method), **parameters).status == 400


def test_managed_policies_are_known_by_name(account: Account) -> None:
    for policy in ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEKSClusterPolicy"):
        account.iam.get_policy(PolicyArn=f"arn:aws:iam::aws:policy/{policy}")


def test_the_caller_is_a_user_that_exists(account: Account) -> None:
    arn = account.client("sts").get_caller_identity()["Arn"]
    assert arn == account.iam.get_user()["User"]["Arn"] == "arn:aws:iam::123456789012:user/simulator"


def test_a_presigned_request_is_understood(account: Account) -> None:
    """As `aws eks get-token` makes them."""
    import urllib.request

    url = account.client("sts").generate_presigned_url("get_caller_identity")
    with urllib.request.urlopen(url) as answer:
        assert b"user/simulator" in answer.read()
    assert last(account)["operation"] == "GetCallerIdentity"


def test_no_agent_registers_with_systems_manager(account: Account) -> None:
    filters = [{"Key": "tag:EKSClusterARN", "Values": ["arn:aws:eks:eu-central-1:123456789012:cluster/demo"]}]
    assert account.client("ssm").describe_instance_information(Filters=filters)["InstanceInformationList"] == []


def test_a_reset_empties_everything(account: Account) -> None:
    """The last test of this file: what it leaves is nothing."""
    account.cluster()
    account.sim.reset()
    assert account.sim.ledger() == []
    assert account.eks.list_clusters()["clusters"] == []
    assert account.iam.list_roles()["Roles"] == []
    assert len(account.ec2.describe_vpcs()["Vpcs"]) == 1
    account.iam.attach_user_policy(UserName="simulator", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    account.sim.reset()
    account.build()
