# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hybrid activations of Systems Manager, and the hosts that register with them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from unit.simulator.account import Account, refusal

HOURS = 3600


@pytest.fixture
def ssm(account: Account) -> Any:
    return account.client("ssm")


def role(account: Account) -> str:
    return account.roles["connector"].rpartition("/")[2]


def activate(account: Account, **members: Any) -> dict[str, str]:
    """Id and code of a new activation."""
    made = account.client("ssm").create_activation(IamRole=role(account), **members)
    return {"activation_id": made["ActivationId"], "activation_code": made["ActivationCode"]}


def described(ssm: Any, activation: dict[str, str]) -> dict[str, Any]:
    wanted = [{"FilterKey": "ActivationIds", "FilterValues": [activation["activation_id"]]}]
    [found] = ssm.describe_activations(Filters=wanted)["ActivationList"]
    return dict(found)


def turned_away(account: Account, **asked: str) -> str:
    """Why a host cannot register."""
    with pytest.raises(ValueError, match=r".") as refused:
        account.sim.register_host(**asked)
    return str(refused.value)


def now(ssm: Any) -> datetime:
    """The time by the Date of an answer, which is the simulated one."""
    headers = ssm.describe_activations(MaxResults=1)["ResponseMetadata"]["HTTPHeaders"]
    return parsedate_to_datetime(headers["date"])


def test_the_code_is_told_once(account: Account, ssm: Any) -> None:
    made = activate(account, Description="site", DefaultInstanceName="edge", Tags=[{"Key": "a", "Value": "b"}])
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["activation_id"])
    assert 20 <= len(made["activation_code"]) <= 250
    found = described(ssm, made)
    assert found.pop("CreatedDate") + timedelta(days=1) == found.pop("ExpirationDate")
    assert found == {
        "ActivationId": made["activation_id"],
        "Description": "site",
        "DefaultInstanceName": "edge",
        "IamRole": role(account),
        "RegistrationLimit": 1,
        "RegistrationsCount": 0,
        "Expired": False,
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    account.sim.register_host(**made)
    assert made["activation_code"] not in json.dumps(account.sim.ledger())


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"IamRole": "nobody"}, "Nonexistent role or missing ssm service principal in trust policy: arn:aws:iam::"),
        ({"IamRole": "x" * 65}, "length less than or equal to 64"),
        ({"RegistrationLimit": 0}, "greater than or equal to 1"),
        ({"RegistrationLimit": 1001}, "less than or equal to 1000"),
        ({"DefaultInstanceName": "a;b"}, "regular expression"),
        ({"ExpirationDate": 1}, "not within the next 30 days"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "none whose key begins with aws:"),
        ({"Tags": [{"Key": "x", "Value": ""}] * 2}, "none twice"),
    ],
)
def test_a_bad_activation_is_refused(account: Account, ssm: Any, members: dict[str, Any], reason: str) -> None:
    refused = refusal(ssm.create_activation, **{"IamRole": role(account), **members})
    assert (refused.code, refused.status) == ("ValidationException", 400)
    assert reason in refused.message


def test_the_role_must_trust_systems_manager_and_be_known(account: Account, ssm: Any) -> None:
    for other in (account.roles["cluster"].rpartition("/")[2], account.roles["connector"]):
        assert "Nonexistent role" in refusal(ssm.create_activation, IamRole=other).message
    fresh = account.name("role")
    trust = account.iam.get_role(RoleName=role(account))["Role"]["AssumeRolePolicyDocument"]
    account.iam.create_role(RoleName=fresh, Path="/site/", AssumeRolePolicyDocument=json.dumps(trust))
    assert "Nonexistent role" in refusal(ssm.create_activation, IamRole=f"site/{fresh}").message
    account.sim.advance(60)
    assert ssm.create_activation(IamRole=f"site/{fresh}")["ActivationId"]
    assert "Nonexistent role" in refusal(ssm.create_activation, IamRole=fresh).message


def test_it_expires_within_thirty_days(account: Account, ssm: Any) -> None:
    month = now(ssm) + timedelta(days=30)
    assert (
        "30 days" in refusal(ssm.create_activation, IamRole=role(account), ExpirationDate=month + timedelta(1)).message
    )
    made = activate(account, ExpirationDate=now(ssm) + timedelta(hours=2))
    account.sim.advance(1 * HOURS)
    assert not described(ssm, made)["Expired"]
    account.sim.advance(1 * HOURS)
    assert described(ssm, made)["Expired"]
    assert "has expired" in turned_away(account, **made)


def test_hosts_register_as_often_as_it_allows(account: Account, ssm: Any) -> None:
    made = activate(account, RegistrationLimit=2, DefaultInstanceName="edge", Tags=[{"Key": "site", "Value": "north"}])
    ids = [
        account.sim.register_host(**made, computer_name=name, ip_address="10.80.0.5")["instance_id"] for name in "ab"
    ]
    assert all(re.fullmatch("mi-[0-9a-f]{17}", one) for one in ids)
    assert turned_away(account, **made) == "The activation's registration limit is reached: 2."
    assert described(ssm, made)["RegistrationsCount"] == 2
    by_tag = [{"Key": "tag:site", "Values": ["north"]}]
    found = ssm.describe_instance_information(Filters=by_tag)["InstanceInformationList"]
    assert [one["InstanceId"] for one in found] == ids
    assert found[0]["ActivationId"] == made["activation_id"]
    shown = ("Name", "ComputerName", "IPAddress", "IamRole", "ResourceType", "PingStatus")
    assert [found[0][name] for name in shown] == ["edge", "a", "10.80.0.5", role(account), "ManagedInstance", "Online"]


def test_a_host_needs_the_right_code_of_an_activation_that_is_there(account: Account, ssm: Any) -> None:
    made, other = activate(account), activate(account)
    for asked in ({**made, "activation_code": other["activation_code"]}, {**made, "activation_id": "nothing"}):
        assert "does not exist, or the code is not its own" in turned_away(account, **asked)
    assert described(ssm, made)["RegistrationsCount"] == 0
    ssm.delete_activation(ActivationId=made["activation_id"])
    assert "does not exist" in turned_away(account, **made)
    assert refusal(ssm.delete_activation, ActivationId=made["activation_id"]).code == "InvalidActivation"
    assert refusal(ssm.delete_activation, ActivationId="x").code == "ValidationException"
    assert "unknown members" in turned_away(account, **other, colour="red")


def test_a_deleted_activation_leaves_its_hosts_and_they_are_deregistered(account: Account, ssm: Any) -> None:
    made = activate(account)
    host = account.sim.register_host(**made)["instance_id"]
    ssm.delete_activation(ActivationId=made["activation_id"])
    alone = [{"Key": "InstanceIds", "Values": [host]}]
    assert len(ssm.describe_instance_information(Filters=alone)["InstanceInformationList"]) == 1
    ssm.deregister_managed_instance(InstanceId=host)
    assert ssm.describe_instance_information(Filters=alone)["InstanceInformationList"] == []
    assert refusal(ssm.deregister_managed_instance, InstanceId=host).code == "InvalidInstanceId"
    assert refusal(ssm.deregister_managed_instance, InstanceId="i-1").code == "ValidationException"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Filters": [{"Key": "Colour", "Values": ["red"]}]}, "InvalidFilterKey"),
        (
            {"Filters": [{"Key": "tag:a", "Values": ["b"]}, {"Key": "PingStatus", "Values": ["Online"]}]},
            "InvalidFilterKey",
        ),
        ({"Filters": [{"Key": "InstanceIds", "Values": ["web"]}]}, "InvalidInstanceInformationFilterValue"),
        ({"MaxResults": 4}, "ValidationException"),
        ({"NextToken": "x"}, "InvalidNextToken"),
    ],
)
def test_odd_filters_are_refused(account: Account, ssm: Any, parameters: dict[str, Any], code: str) -> None:
    account.sim.register_host(**activate(account))
    assert refusal(ssm.describe_instance_information, **parameters).code == code


def test_activations_come_in_pages_and_by_filters(account: Account, ssm: Any) -> None:
    ids = [activate(account, DefaultInstanceName="paged")["activation_id"] for _time in range(3)]
    named = [{"FilterKey": "DefaultInstanceName", "FilterValues": ["paged"]}]
    pages = ssm.get_paginator("describe_activations").paginate(Filters=named, PaginationConfig={"PageSize": 2})
    listed = [[one["ActivationId"] for one in page["ActivationList"]] for page in pages]
    assert listed == [ids[:2], ids[2:]]
    assert refusal(ssm.describe_activations, Filters=[{"FilterKey": "Colour", "FilterValues": []}]).status == 400
