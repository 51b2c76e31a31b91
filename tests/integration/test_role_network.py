# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role network against the simulated AWS: plan, make, again, repair, remove, stopped runs, given subnets."""

from __future__ import annotations

from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.roles import Role, handed_on
from support.surroundings import Surroundings

FACTS = ["network_vpc_id", "network_private_subnet_ids", "network_public_subnet_ids", "network_zones"]
OWNER = [{"Name": "tag:flotilla.eks/cluster", "Values": ["demo"]}]
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


@pytest.fixture
def network(playbook: Playbook) -> Role:
    return Role(playbook, "network", FACTS, network_cluster_name="demo", network_wait_delay=1)


def account(ec2: Any) -> dict[str, list[Any]]:
    """All that a VPC consists of, whoever made it."""
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    return {
        "vpcs": ec2.describe_vpcs()["Vpcs"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "route_tables": ec2.describe_route_tables()["RouteTables"],
        "internet_gateways": ec2.describe_internet_gateways()["InternetGateways"],
        "nat_gateways": [gateway for gateway in gateways if gateway["State"] != "deleted"],
        "addresses": ec2.describe_addresses()["Addresses"],
        "security_groups": ec2.describe_security_groups()["SecurityGroups"],
    }


def owned(ec2: Any) -> dict[str, int]:
    """How many things of each kind carry the ownership tag."""
    key = {"Key": "flotilla.eks/cluster", "Value": "demo"}
    return {kind: sum(key in thing.get("Tags", []) for thing in things) for kind, things in account(ec2).items()}


def planned(run: Run) -> list[str]:
    results = run.results
    task = "Plan the network" if "Plan the network" in results else "Plan the removal"
    return [line["msg"] for line in results[task].get("results", [])]


def test_from_an_empty_account_and_back(
    network: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    aws.public_subnets  # noqa: B018 - a VPC of somebody else, with an internet gateway
    aws.ec2.allocate_address(Domain="vpc")
    before = account(aws.ec2)

    with subtests.test("check mode writes nothing and foretells everything"):
        ledger.clear()
        plan = network.run(check=True)
        assert ledger.writes() == []
        assert plan.changed == 1
        assert len(planned(plan)) == 14
        assert handed_on(plan) == {
            "network_vpc_id": "vpc-planned",
            "network_private_subnet_ids": [f"subnet-planned-private-{letter}" for letter in "abc"],
            "network_public_subnet_ids": [f"subnet-planned-public-{letter}" for letter in "abc"],
            "network_zones": ZONES,
        }

    with subtests.test("what was planned is made"):
        facts = handed_on(network.run())
        assert owned(aws.ec2) == {
            "vpcs": 1,
            "subnets": 6,
            "route_tables": 4,
            "internet_gateways": 1,
            "nat_gateways": 1,
            "addresses": 1,
            "security_groups": 0,
        }
        assert facts["network_zones"] == ZONES
        check_network(aws.ec2, facts)

    with subtests.test("again changes nothing, with few calls"):
        ledger.clear()
        again = network.run()
        assert (again.changed, ledger.writes()) == (0, [])
        assert len(ledger.calls()) <= 8
        assert handed_on(again) == facts

    with subtests.test("drift is repaired"):
        drift(aws.ec2, facts)
        plan = network.run(check=True)
        assert network.run().changed > 0
        assert len(planned(plan)) == 6
        check_network(aws.ec2, facts)
        again = network.run()
        assert (again.changed, handed_on(again)) == (0, facts)

    with subtests.test("check mode foretells the removal"):
        ledger.clear()
        plan = network.run(check=True, network_state="absent")
        assert ledger.writes() == []
        assert len(planned(plan)) == sum(owned(aws.ec2).values()) == 14

    with subtests.test("removed, without a trace and without touching others"):
        network.run(network_state="absent")
        assert account(aws.ec2) == before

    with subtests.test("removed again changes nothing"):
        ledger.clear()
        again = network.run(network_state="absent")
        assert (again.changed, ledger.writes()) == (0, [])
        assert len(ledger.calls()) <= 3


def check_network(ec2: Any, facts: dict[str, Any]) -> None:
    """The VPC as EKS and its load balancer controllers want it."""
    vpc = facts["network_vpc_id"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"]
    for kind, role, target in [("private", "internal-elb", "NatGatewayId"), ("public", "elb", "GatewayId")]:
        ids = facts[f"network_{kind}_subnet_ids"]
        subnets = {subnet["SubnetId"]: subnet for subnet in ec2.describe_subnets(SubnetIds=ids)["Subnets"]}
        assert [subnets[one]["AvailabilityZone"] for one in ids] == facts["network_zones"]
        for name, subnet in subnets.items():
            tags = {tag["Key"]: tag["Value"] for tag in subnet["Tags"]}
            assert tags == {
                "Name": f"demo-{kind}-{subnet['AvailabilityZone']}",
                f"kubernetes.io/role/{role}": "1",
                "kubernetes.io/cluster/demo": "shared",
                "flotilla.eks/cluster": "demo",
            }
            filters = [{"Name": "association.subnet-id", "Values": [name]}]
            [table] = ec2.describe_route_tables(Filters=filters)["RouteTables"]
            [route] = [one for one in table["Routes"] if one.get("DestinationCidrBlock") == "0.0.0.0/0"]
            assert target in route


def drift(ec2: Any, facts: dict[str, Any]) -> None:
    """Six things change by hand: DNS, a role tag, a Name, public addresses, a route, an association."""
    private, public = facts["network_private_subnet_ids"], facts["network_public_subnet_ids"]
    ec2.modify_vpc_attribute(VpcId=facts["network_vpc_id"], EnableDnsHostnames={"Value": False})
    ec2.delete_tags(Resources=[private[0]], Tags=[{"Key": "kubernetes.io/role/internal-elb"}])
    ec2.modify_subnet_attribute(SubnetId=public[0], MapPublicIpOnLaunch={"Value": True})
    [gateway] = ec2.describe_nat_gateways(Filters=OWNER)["NatGateways"]
    ec2.create_tags(Resources=[gateway["NatGatewayId"]], Tags=[{"Key": "Name", "Value": "renamed"}])
    tables = ec2.describe_route_tables(Filters=OWNER)["RouteTables"]
    by_name = {tag["Value"]: table for table in tables for tag in table["Tags"] if tag["Key"] == "Name"}
    ec2.delete_route(RouteTableId=by_name["demo-public"]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    [association] = by_name[f"demo-private-{ZONES[1]}"]["Associations"]
    other = by_name[f"demo-private-{ZONES[2]}"]["RouteTableId"]
    ec2.replace_route_table_association(AssociationId=association["RouteTableAssociationId"], RouteTableId=other)


def test_a_run_that_is_stopped_is_finished_by_the_next(
    network: Role, simulator: SimulatorProcess, aws: Surroundings
) -> None:
    before = account(aws.ec2)
    stop(network, simulator, "CreateNatGateway", 0, network_zone_count=2)
    facts = handed_on(network.run(network_zone_count=2))
    assert owned(aws.ec2)["addresses"] == owned(aws.ec2)["nat_gateways"] == owned(aws.ec2)["vpcs"] == 1
    check_network(aws.ec2, facts)

    leave_things_behind(aws.ec2, facts)
    stop(network, simulator, "ReleaseAddress", 0, network_state="absent")
    network.run(network_state="absent")
    assert account(aws.ec2) == before
    assert aws.ec2.describe_network_interfaces(Filters=OWNER)["NetworkInterfaces"] == []


def leave_things_behind(ec2: Any, facts: dict[str, Any]) -> None:
    """A security group that names itself, as other roles make it, and a network interface."""
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=facts["network_vpc_id"])["GroupId"]
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=itself)
    interface = ec2.create_network_interface(SubnetId=facts["network_private_subnet_ids"][0])["NetworkInterface"]
    tags = [{"Key": "flotilla.eks/cluster", "Value": "demo"}]
    ec2.create_tags(Resources=[group, interface["NetworkInterfaceId"]], Tags=tags)


def stop(network: Role, simulator: SimulatorProcess, operation: str, after: int, **variables: Any) -> None:
    """A run that ends at one operation."""
    simulator.fault(operation=f"ec2:{operation}", error="UnauthorizedOperation", status=403, after=after)
    network.run(fails=True, **variables)
    simulator.clear_faults()


def test_nat_can_be_changed_at_any_time(network: Role, aws: Surroundings) -> None:
    for nat, gateways in [("per_zone", 2), ("none", 0)]:
        network.run(network_nat=nat, network_zone_count=2)
        assert owned(aws.ec2)["nat_gateways"] == owned(aws.ec2)["addresses"] == gateways
    assert network.run(network_nat="none", network_zone_count=2, check=True).changed == 0
    tables = aws.ec2.describe_route_tables(Filters=OWNER)["RouteTables"]
    assert [route for table in tables for route in table["Routes"] if "NatGatewayId" in route] == []


def test_what_others_put_into_the_vpc_is_named_and_nothing_is_removed(
    network: Role, ledger: Ledger, aws: Surroundings
) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    aws.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "flotilla.eks/cluster", "Value": "demo"}])
    group = aws.ec2.create_security_group(GroupName="k8s-web", Description="theirs", VpcId=vpc)["GroupId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    interface = aws.ec2.create_network_interface(SubnetId=subnet, Description="ELB app/web/1")["NetworkInterface"]
    ledger.clear()
    message = network.refused(network_state="absent", network_wait_timeout=2)
    assert f"security group {group} (k8s-web) is in VPC {vpc}: it does not carry the tag" in message
    assert f"subnet {subnet} is in VPC {vpc}" in message
    assert f"network interface {interface['NetworkInterfaceId']} (ELB app/web/1)" in message
    assert "lies where the private subnet of eu-central-1a (10.0.0.0/19) belongs" in network.refused()
    assert ledger.writes() == []


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"network_zone_count": 1}, "network_zone_count asks for 1 availability zone(s): EKS needs at least 2"),
        ({"network_zones_wanted": ["eu-central-1a", "eu-central-1x"]}, "Zone eu-central-1x of network_zones_wanted is"),
        ({"network_nat": "both"}, "value of network_nat must be one of: single, per_zone, none, got: both"),
    ],
)
def test_a_network_that_cannot_be_is_refused(
    network: Role, ledger: Ledger, variables: dict[str, Any], text: str
) -> None:
    assert text in network.refused(**variables)
    assert ledger.writes() == []


def test_given_subnets_are_checked_handed_on_and_left_alone(network: Role, ledger: Ledger, aws: Surroundings) -> None:
    given: dict[str, Any] = {
        "network_given_private_subnet_ids": aws.private_subnets,
        "network_given_public_subnet_ids": aws.public_subnets,
    }
    tag(aws, aws.private_subnets[1:], "internal-elb")
    tag(aws, aws.public_subnets, "elb")
    ledger.clear()
    assert "lacks the tag kubernetes.io/role/internal-elb" in network.refused(**given)
    tag(aws, aws.private_subnets, "internal-elb")
    ledger.clear()
    run = network.run(**given)
    assert run.changed == 0
    assert handed_on(run) == {
        "network_vpc_id": aws.vpc,
        "network_private_subnet_ids": aws.private_subnets,
        "network_public_subnet_ids": aws.public_subnets,
        "network_zones": ZONES,
    }
    assert network.run(**given, network_state="absent").changed == 0
    assert ledger.operations() == ["DescribeSubnets", "DescribeRouteTables"]


def test_given_subnets_that_will_not_do_are_all_named(network: Role, ledger: Ledger, aws: Surroundings) -> None:
    small, elsewhere = aws.subnet("10.0.50.0/28", ZONES[0]), aws.subnet("10.0.51.0/24", ZONES[0])
    ledger.clear()
    message = network.refused(
        network_given_private_subnet_ids=[small, elsewhere, aws.public_subnets[0], "subnet-0123456789abcdef0"],
        network_check_tags=False,
    )
    assert f"Subnet {small} (private, {ZONES[0]}) has 11 free addresses, network_min_free_addresses wants 16" in message
    assert f"Subnet {aws.public_subnets[0]} (private, {ZONES[0]}) is not private" in message
    assert "Subnet subnet-0123456789abcdef0 does not exist in this account and region" in message
    assert "cover 1 availability zone(s): EKS needs subnets in at least 2" in message


def tag(aws: Surroundings, subnets: list[str], role: str) -> None:
    aws.ec2.create_tags(Resources=subnets, Tags=[{"Key": f"kubernetes.io/role/{role}", "Value": "1"}])
