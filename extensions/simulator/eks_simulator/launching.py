# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Auto Scaling groups launch instances: evenly over their subnets, as far as these have addresses.

"Amazon EC2 Auto Scaling tries to maintain equivalent numbers of instances in each enabled Availability Zone"
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html); moto puts them
all into the first subnet.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

_NAME_TAG = "aws:autoscaling:groupName"


def launch(group: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """Let moto's Auto Scaling group have `count_needed` instances more. It takes the place of moto's own method."""
    from moto.autoscaling.models import InstanceState

    tags = {**group.instance_tags, **propagated_tags, _NAME_TAG: group.name}
    for subnet, count in _spread(group, count_needed).items():
        for instance in _run(group, subnet, count, tags):
            instance.autoscaling_group = group
            protected = group.new_instances_protected_from_scale_in
            group.instance_states.append(InstanceState(instance, protected_from_scale_in=protected))


def _spread(group: Any, count: int) -> Counter[str]:
    """How many instances each subnet gets."""
    if not group.vpc_zone_identifier:
        return Counter({"": count})
    subnets = {subnet: group.ec2_backend.get_subnet(subnet) for subnet in group.vpc_zone_identifier.split(",")}
    free = {name: subnet.available_ip_address_count for name, subnet in subnets.items()}
    there = Counter(dict.fromkeys(subnets, 0))
    there.update(state.instance.subnet_id for state in group.instance_states)
    added: Counter[str] = Counter()
    for _number in range(count):
        open_ones = [name for name in subnets if free[name] > added[name]]
        if not open_ones:
            break
        added[min(open_ones, key=lambda name: there[name] + added[name])] += 1
    return added


def _run(group: Any, subnet: str, count: int, tags: dict[str, str]) -> list[Any]:
    template = group.ec2_launch_template
    reservation = group.ec2_backend.run_instances(
        group.image_id,
        count,
        group.user_data,
        group.security_groups or [],
        instance_type=group.instance_type,
        is_instance_type_default=False,
        region_name=group.region,
        tags={"instance": tags},
        launch_config=group.launch_config,
        launch_template={"LaunchTemplateId": template.id} if template else None,
        associate_public_ip=group.launch_config.associate_public_ip_address if group.launch_config else None,
        **({"subnet_id": subnet} if subnet else {"placement": group.availability_zones[0]}),
    )
    for instance in reservation.instances:
        for interface in instance.nics.values():
            interface.delete_on_termination = True  # as AWS does with those that it makes for an instance
    return list(reservation.instances)
