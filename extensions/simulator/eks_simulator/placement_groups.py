# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's placement groups, which moto lacks: where instances are launched close together, or apart.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-groups.html; error codes:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
"""

from __future__ import annotations

import secrets
from typing import Any

from .errors import ServiceError
from .operations import Call, operation

_EC2 = "ec2"
_MOST_PARTITIONS = 7
_UNKNOWN, _DUPLICATE, _IN_USE = (f"InvalidPlacementGroup.{end}" for end in ("Unknown", "Duplicate", "InUse"))
_MISSING, _WRONG = "MissingParameter", "InvalidParameterValue"


@operation("CreatePlacementGroup", _EC2)
def create_placement_group(call: Call) -> dict[str, Any]:
    name, strategy = call.get("GroupName"), call.get("Strategy", "cluster")
    partitions = call.get("PartitionCount")
    if not name:
        raise ServiceError(_MISSING, "The request must contain the parameter GroupName")
    if name in call.region.placement_groups:
        raise ServiceError(_DUPLICATE, f"The placement group '{name}' already exists.")
    if partitions is not None and (strategy != "partition" or not 1 <= partitions <= _MOST_PARTITIONS):
        raise ServiceError(_WRONG, f"PartitionCount must be from 1 to {_MOST_PARTITIONS}, of the strategy partition")
    if strategy == "partition":
        partitions = partitions or _MOST_PARTITIONS
    number = f"pg-{secrets.token_hex(8)}0"
    region = call.region
    tags = [tag for one in call.get("TagSpecifications") or () for tag in one.get("Tags") or ()]
    group = {
        "GroupName": name,
        "GroupId": number,
        "GroupArn": f"arn:{region.partition}:ec2:{region.name}:{region.account}:placement-group/{name}",
        "State": "available",
        "Strategy": strategy,
        "PartitionCount": partitions,
        "SpreadLevel": call.get("SpreadLevel", "rack") if strategy == "spread" else None,
        "Tags": tags,
    }
    region.placement_groups[name] = group
    return {"PlacementGroup": group}


@operation("DescribePlacementGroups", _EC2)
def describe_placement_groups(call: Call) -> dict[str, Any]:
    groups = call.region.placement_groups
    names, ids = call.get("GroupNames") or [], call.get("GroupIds") or []
    missing = next((name for name in names if name not in groups), None)
    if missing:
        raise ServiceError(_UNKNOWN, f"The Placement Group '{missing}' is unknown.")
    found = [one for one in groups.values() if not (names or ids) or one["GroupName"] in names or one["GroupId"] in ids]
    members = {"group-name": "GroupName", "strategy": "Strategy", "state": "State"}
    for wanted in call.get("Filters") or ():
        if wanted.get("Name") not in members:
            raise ServiceError(_WRONG, f"The filter '{wanted.get('Name')}' is invalid")
        found = [one for one in found if one[members[wanted["Name"]]] in (wanted.get("Values") or [])]
    return {"PlacementGroups": found}


@operation("DeletePlacementGroup", _EC2)
def delete_placement_group(call: Call) -> dict[str, Any]:
    """Not while instances are in it."""
    name = call.get("GroupName")
    if name not in call.region.placement_groups:
        raise ServiceError(_UNKNOWN, f"The Placement Group '{name}' is unknown.")
    live = [one for one in call.aws.instances() if one.state != "terminated"]
    if any(one.placement.group_name == name for one in live):
        raise ServiceError(_IN_USE, f"The placement group '{name}' is in use and may not be deleted.")
    del call.region.placement_groups[name]
    return {}
