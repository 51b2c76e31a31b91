# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the metadata service of an instance hands on. No API of AWS has it, so it is an admin page here.

EC2 has the role of an instance for it, if the role lets EC2 in
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html); the id of the instance is the name
of the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..aws import Neighbours
from ..callers import keys_of, new_session
from ..errors import ServiceError
from ..store import Region

if TYPE_CHECKING:
    from ..world import World

LIFETIME = 6 * 3600
"""Of the credentials, in seconds."""


def credentials(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Those of an instance, by its `instance_id`, with a `role_arn`. Raises ServiceError."""
    region, number = _region(world, asked["instance_id"]), asked["instance_id"]
    aws = Neighbours(region, world.role_changes)
    role = aws.role(asked["role_arn"])
    if role is None or not aws.trusts(role, "ec2.amazonaws.com"):
        raise ServiceError("AssumeRoleUnauthorizedAccess", f"EC2 cannot assume the role {asked['role_arn']}.")
    return keys_of(new_session(role.arn, number, LIFETIME, region.name))


def _region(world: World, number: str) -> Region:
    for region in world.store.regions():
        if Neighbours(region, world.role_changes).instance(number):
            return region
    raise ServiceError("InvalidInstanceID.NotFound", f"The instance ID '{number}' does not exist")
