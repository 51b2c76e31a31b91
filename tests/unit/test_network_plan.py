# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's own VPC: where its subnets lie, what it lacks, and that nothing is left to do once it is made."""

from __future__ import annotations

from copy import deepcopy
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.plugin_utils._network_layout import (
    LayoutError,
    settle_zones,
    slots,
    usable_zones,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_plan import plan_network
from support.made_network import make

OWNER = {"flotilla.eks/cluster": "demo"}
ZONES = [f"eu-central-1{letter}" for letter in "abcdef"]
WANTED: dict[str, Any] = {
    "name": "demo",
    "cidr": "10.0.0.0/16",
    "zones": [],
    "zone_count": 3,
    "nat": "single",
    "map_public_ip": False,
    "owner": OWNER,
    "tags": {},
}


def region(*zones: str) -> list[dict[str, Any]]:
    return [{"zone_name": zone, "state": "available", "zone_type": "availability-zone"} for zone in zones]


def made(**wanted: Any) -> dict[str, Any]:
    """What is found once a plan on an empty account was carried out."""
    empty = {"zones": region(*ZONES[:3])}
    return make(empty, plan_network(empty, {**WANTED, **wanted}))


def changes(observed: dict[str, Any], **wanted: Any) -> list[str]:
    plan = plan_network(observed, {**WANTED, **wanted})
    assert plan["problems"] == []
    return list(plan["changes"])


def problems(observed: dict[str, Any], **wanted: Any) -> str:
    return "\n".join(plan_network(observed, {**WANTED, **wanted})["problems"])


cidrs = st.builds(
    lambda number, prefix: str(IPv4Network((number >> (32 - prefix) << (32 - prefix), prefix))),
    st.integers(0, 2**32 - 1),
    st.integers(16, 21),
)
wishes = st.fixed_dictionaries(
    {
        "cidr": cidrs,
        "zone_count": st.integers(2, 6),
        "nat": st.sampled_from(["single", "per_zone", "none"]),
        "map_public_ip": st.booleans(),
        "tags": st.dictionaries(st.sampled_from(["team", "CostCenter"]), st.text("abc", min_size=1)),
    }
)


@given(cidrs)
def test_subnets_lie_apart_within_the_vpc_with_room_for_a_cluster(cidr: str) -> None:
    networks = [IPv4Network(one) for slot in slots(cidr) for one in (slot.private, slot.public)]
    assert len(networks) == 12
    assert all(network.subnet_of(IPv4Network(cidr)) for network in networks)
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))
    assert min(network.num_addresses for network in networks) - 5 >= 16  # EC2 keeps five addresses of each subnet


@pytest.mark.parametrize(
    ("cidr", "text"),
    [
        ("10.0.1.0/16", "has host bits set"),
        ("10.0.0.0", "prefix of /32"),
        ("10.0.0.0/15", "prefix of /15"),
        ("10.0.0.0/22", "network_given_private_subnet_ids"),
        ("fd00::/48", "not an IPv4 network"),
        ("ten", "Write it like 10.0.0.0/16"),
    ],
)
def test_a_cidr_that_cannot_be_is_refused(cidr: str, text: str) -> None:
    with pytest.raises(LayoutError, match=text):
        slots(cidr)
    assert text in problems({}, cidr=cidr)


@given(st.sets(st.sampled_from(ZONES)), st.integers(2, 6), st.integers(2, 6))
def test_adding_zones_moves_no_zone(zones: set[str], before: int, after: int) -> None:
    settled = settle_zones({}, sorted(zones), before)
    grown = settle_zones(settled, sorted(zones), after)
    assert settled.items() <= grown.items()
    assert len(grown) == max(len(settled), min(len(zones), after))


def test_only_zones_where_eks_can_place_a_cluster_count() -> None:
    described = [
        *region("us-east-1b", "us-east-1a"),
        {"zone_name": "us-east-1c", "state": "available", "zone_id": "use1-az3"},
        {"zone_name": "us-east-1d", "state": "impaired"},
        {"zone_name": "us-east-1-bos-1a", "state": "available", "zone_type": "local-zone"},
        {"zone_name": "us-east-1f", "state": "available", "opt_in_status": "not-opted-in"},
    ]
    assert usable_zones(described) == ["us-east-1a", "us-east-1b"]


def test_on_an_empty_account_everything_is_to_be_made() -> None:
    plan = plan_network({"zones": region(*ZONES[:3])}, WANTED)
    assert plan["zones"] == ZONES[:3]
    assert plan["subnet_ids"]["private"][0] == "subnet-planned-private-a"
    assert [line.partition(":")[0] for line in plan["changes"]] == [
        "VPC demo (10.0.0.0/16)",
        "internet gateway demo",
        *(f"subnet demo-private-{zone} (10.0.{32 * n}.0/19)" for n, zone in enumerate(ZONES[:3])),
        *(f"subnet demo-public-{zone} (10.0.{224 + 4 * n}.0/22)" for n, zone in enumerate(ZONES[:3])),
        "elastic address demo-nat",
        f"NAT gateway demo-nat-{ZONES[0]}",
        "route table demo-public",
        *(f"route table demo-private-{zone}" for zone in ZONES[:3]),
    ]


@given(wishes, st.integers(2, 6))
def test_planning_what_was_made_yields_nothing(wish: dict[str, Any], zones: int) -> None:
    wanted = {**WANTED, **wish}
    observed = {"zones": region(*ZONES[:zones])}
    after = make(observed, plan_network(observed, wanted))
    assert changes({**after, "zones": []}, **wish) == []


@given(wishes, wishes)
def test_one_run_leads_from_any_wish_to_any_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    wanted = {**WANTED, **after, "cidr": before["cidr"]}
    observed = {"zones": region(*ZONES)}
    observed = make(observed, plan_network(observed, {**WANTED, **before}))
    observed = make(observed, plan_network(observed, wanted))
    plan = plan_network(observed, wanted)
    assert plan["problems"] == []
    assert plan["changes"] == []
    assert len(plan["nat_gateways"]) == {"none": 0, "single": 1, "per_zone": len(plan["zones"])}[after["nat"]]
    gateways = [gateway for gateway in observed["nat_gateways"] if gateway["state"] == "available"]
    assert len(observed["addresses"]) == len(gateways) == len(plan["nat_gateways"])


@pytest.mark.parametrize("kind", ["vpcs", "internet_gateways", "subnets", "nat_gateways", "addresses", "route_tables"])
@pytest.mark.parametrize("tag", ["Name", "team"])
def test_a_lost_tag_is_put_back(kind: str, tag: str) -> None:
    observed = made(tags={"team": "blue"})
    name = observed[kind][0]["tags"].pop(tag)
    [line] = changes(observed, tags={"team": "blue"})
    assert line.endswith(f": tag {tag}={name}")


def test_tags_of_others_stay() -> None:
    observed = made()
    for kind in ("vpcs", "subnets", "route_tables"):
        observed[kind][0]["tags"]["somebody"] = "else"
    assert changes(observed) == []


def test_drift_is_repaired() -> None:
    observed = made()
    observed["vpcs"][0]["enable_dns_hostnames"] = False
    observed["subnets"][0]["map_public_ip_on_launch"] = True
    observed["internet_gateways"][0]["attachments"] = []
    observed["route_tables"][0]["routes"] = []
    observed["route_tables"][1]["associations"] = []
    assert changes(observed) == [
        "VPC demo (10.0.0.0/16): switch DNS host names on",
        "internet gateway demo: attach it to the VPC",
        f"subnet demo-private-{ZONES[0]} (10.0.0.0/19): switch public addresses off",
        "route table demo-public: send 0.0.0.0/0 to the internet gateway",
        f"route table demo-private-{ZONES[0]}: associate subnet demo-private-{ZONES[0]} (10.0.0.0/19)",
    ]


def test_a_nat_gateway_that_is_gone_is_made_again_with_its_address() -> None:
    observed = made()
    observed["nat_gateways"][0]["state"] = "deleted"
    del observed["addresses"][0]["association_id"]
    lines = changes(observed)
    assert lines[0] == f"NAT gateway demo-nat-{ZONES[0]}: make it"
    assert lines[1:] == [f"route table demo-private-{zone}: send 0.0.0.0/0 to the NAT gateway" for zone in ZONES[:3]]


def test_the_one_nat_gateway_stays_where_it_is() -> None:
    observed = made(nat="per_zone")
    observed["nat_gateways"] = observed["nat_gateways"][1:]
    plan = plan_network(observed, WANTED)
    assert [gateway["zone"] for gateway in plan["nat_gateways"]] == [ZONES[1]]


def test_routes_that_somebody_added_survive_the_end_of_nat() -> None:
    observed = made()
    table = next(table for table in observed["route_tables"] if table["tags"]["Name"] == f"demo-private-{ZONES[0]}")
    table["routes"].append(
        {"destination_cidr_block": "192.168.0.0/16", "transit_gateway_id": "tgw-1", "origin": "CreateRoute"}
    )
    item = plan_network(observed, {**WANTED, "nat": "none"})["route_tables"][1]
    assert item["changes"] == ["remove the route to 0.0.0.0/0"]
    assert item["purge_routes"]
    assert item["routes"] == [{"dest": "192.168.0.0/16", "transit_gateway_id": "tgw-1"}]


def test_a_default_route_of_the_users_own_stays_where_there_is_no_nat() -> None:
    observed = made(nat="none")
    observed["route_tables"][1]["routes"].append(
        {"destination_cidr_block": "0.0.0.0/0", "transit_gateway_id": "tgw-1", "origin": "CreateRoute"}
    )
    assert changes(observed, nat="none") == []


@pytest.mark.parametrize("other", [{"route_table_id": "rtb-foreign", "tags": {}, "associations": []}, None])
def test_a_subnet_that_another_table_has_is_moved_back(other: dict[str, Any] | None) -> None:
    observed = made()
    tables = observed["route_tables"]
    other = other or tables[2]
    other["associations"] = other["associations"] + tables[1]["associations"]
    tables[1]["associations"] = []
    plan = plan_network({**observed, "route_tables": [*tables, other]}, WANTED)
    assert [table["moves_subnets"] for table in plan["route_tables"]] == [False, True, False, False]
    assert plan["route_tables"][1]["id"] == tables[1]["route_table_id"]
    assert len(plan["changes"]) == 1


def test_a_table_left_without_subnets_is_taken_up_again() -> None:
    observed = made()
    for table in observed["route_tables"]:
        table["associations"] = []
    plan = plan_network(observed, WANTED)
    assert {table["id"] for table in plan["route_tables"]} == {
        table["route_table_id"] for table in observed["route_tables"]
    }


def test_another_zone_can_be_added() -> None:
    observed = {**made(zone_count=2), "zones": region(*ZONES)}
    lines = changes(observed, zone_count=3)
    assert [line.partition(" (")[0] for line in lines[:2]] == [
        f"subnet demo-{kind}-{ZONES[2]}" for kind in ("private", "public")
    ]
    assert lines[2] == f"route table demo-public: associate subnet demo-public-{ZONES[2]} (10.0.232.0/22)"
    assert lines[3:] == [f"route table demo-private-{ZONES[2]}: make it"]


def test_fewer_zones_remove_nothing() -> None:
    assert changes(made(), zone_count=2) == []


def test_what_cannot_be_is_said_all_at_once() -> None:
    observed = made()
    observed["subnets"] = [
        {"subnet_id": "subnet-foreign", "vpc_id": "vpc-1", "cidr_block": "10.0.32.0/24", "tags": {}},
        *(subnet for subnet in observed["subnets"] if subnet["cidr_block"] != "10.0.32.0/19"),
    ]
    observed["internet_gateways"][0]["tags"] = {}
    observed["vpcs"].append({**observed["vpcs"][0], "vpc_id": "vpc-2"})
    text = problems(observed)
    assert "Several VPCs (vpc-1, vpc-2) carry the tag flotilla.eks/cluster=demo" in text
    assert "Subnet subnet-foreign (10.0.32.0/24) in VPC vpc-1 lies where the private subnet of eu-central-1b" in text
    assert "Internet gateway igw-1 is attached to VPC vpc-1 but does not carry the tag" in text


def test_another_cidr_is_refused() -> None:
    text = problems(made(), cidr="10.1.0.0/16")
    assert "VPC vpc-1 of cluster demo has the CIDR 10.0.0.0/16, network_cidr wants 10.1.0.0/16" in text


@pytest.mark.parametrize(
    ("zones", "wanted", "text"),
    [
        (ZONES[:1], {}, "The region has 1 availability zone(s) where EKS can place a cluster (eu-central-1a)"),
        ([], {}, "(none): it needs at least 2"),
        (ZONES, {"zone_count": 1}, "network_zone_count asks for 1 availability zone(s): EKS needs at least 2"),
        (ZONES, {"zone_count": 7}, "holds 6"),
        (ZONES, {"zones": ZONES[:1]}, "network_zones_wanted (eu-central-1a) asks for 1 availability zone(s)"),
        (ZONES, {"zones": [ZONES[0], ZONES[0]]}, "names a zone twice"),
        (ZONES[:3], {"zones": [ZONES[0], ZONES[5]]}, "Zone eu-central-1f of network_zones_wanted is not one"),
    ],
)
def test_too_few_and_wrong_zones_are_refused(zones: list[str], wanted: dict[str, Any], text: str) -> None:
    assert text in problems({"zones": region(*zones)}, **wanted)


def test_a_zone_with_subnets_cannot_be_left() -> None:
    text = problems(made(), zones=ZONES[1:4])
    assert "Zone eu-central-1a has subnets of cluster demo, but network_zones_wanted does not name it" in text


def test_a_plan_changes_nothing_of_what_it_was_given() -> None:
    observed = made()
    before = deepcopy(observed)
    plan_network(observed, WANTED)
    assert observed == before
