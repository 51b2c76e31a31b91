#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: network_info
version_added: 0.1.0
short_description: Facts about the VPC that was made for an Amazon EKS cluster
description:
  - Finds the VPC that carries the tag C(flotilla.eks/cluster) with the name of the cluster, and reads what is in it,
    made by this collection or by others.
  - One task, and one call of EC2 for each kind of thing, several at the same time. The same facts take one task of
    C(amazon.aws) for each kind.
author: flotilla.eks contributors (!UNKNOWN)
options:
  cluster_name:
    description:
      - Name of the cluster, as the tag C(flotilla.eks/cluster) holds it. The cluster itself is not asked for.
      - Without such a VPC, the lists are empty, and there is no error.
    type: str
    required: true
  include:
    description:
      - What to read beside the VPC.
    type: list
    elements: str
    choices:
      - subnets
      - route_tables
      - nat_gateways
      - internet_gateways
      - addresses
      - security_groups
      - network_interfaces
    default:
      - subnets
      - route_tables
      - nat_gateways
      - internet_gateways
      - addresses
      - security_groups
      - network_interfaces
seealso:
  - module: amazon.aws.ec2_vpc_net_info
  - module: amazon.aws.ec2_vpc_subnet_info
extends_documentation_fragment:
  - flotilla.eks.attributes.info
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: The network of a cluster
  flotilla.eks.network_info:
    cluster_name: prod
  register: network

- name: How many addresses are free in each subnet
  ansible.builtin.debug:
    msg: "{{ network.subnets | items2dict(key_name='subnet_id', value_name='available_ip_address_count') }}"

- name: The addresses that the cluster's nodes come from, for the allow list of a partner
  flotilla.eks.network_info:
    cluster_name: prod
    include: [addresses]
  register: exits
"""

RETURN = r"""
---
vpcs:
  description:
    - The VPC of the cluster; several if several carry its tag. Here and below, every member that EC2 answers is there,
      in snake_case; the most useful ones are described.
  returned: always
  type: list
  elements: dict
  contains:
    vpc_id:
      description: Id of the VPC.
      type: str
      sample: vpc-0a1b2c3d4e5f60718
    cidr_block:
      description: Its primary IPv4 network.
      type: str
      sample: 10.0.0.0/16
    enable_dns_support:
      description: Whether the VPC has a DNS server.
      type: bool
    enable_dns_hostnames:
      description: Whether instances get DNS names.
      type: bool
    tags:
      description: The tags, with keys as they are. Everything below has them too.
      type: dict
      sample:
        flotilla.eks/cluster: prod
subnets:
  description: The subnets of the VPC.
  returned: when O(include) has V(subnets)
  type: list
  elements: dict
  contains:
    subnet_id:
      description: Id of the subnet.
      type: str
      sample: subnet-0a1b2c3d4e5f60718
    vpc_id:
      description: Id of its VPC.
      type: str
      sample: vpc-0a1b2c3d4e5f60718
    cidr_block:
      description: Its IPv4 network.
      type: str
      sample: 10.0.0.0/19
    availability_zone:
      description: Name of its zone.
      type: str
      sample: eu-central-1a
    available_ip_address_count:
      description: How many of its IPv4 addresses are free.
      type: int
      sample: 8187
    map_public_ip_on_launch:
      description: Whether instances get a public address.
      type: bool
    tags:
      description: The tags, with keys as they are.
      type: dict
route_tables:
  description: The route tables of the VPC.
  returned: when O(include) has V(route_tables)
  type: list
  elements: dict
  contains:
    route_table_id:
      description: Id of the table.
      type: str
      sample: rtb-0a1b2c3d4e5f60718
    associations:
      description: Where it applies.
      type: list
      elements: dict
    routes:
      description: Its routes.
      type: list
      elements: dict
    tags:
      description: The tags, with keys as they are.
      type: dict
nat_gateways:
  description: The NAT gateways of the VPC, those that were deleted in the last hour among them.
  returned: when O(include) has V(nat_gateways)
  type: list
  elements: dict
  contains:
    nat_gateway_id:
      description: Id of the gateway.
      type: str
      sample: nat-0a1b2c3d4e5f60718
    state:
      description: V(pending), V(available), V(failed), V(deleting) or V(deleted).
      type: str
      sample: available
    subnet_id:
      description: Id of its subnet.
      type: str
      sample: subnet-0a1b2c3d4e5f60718
    nat_gateway_addresses:
      description: Its addresses.
      type: list
      elements: dict
    tags:
      description: The tags, with keys as they are.
      type: dict
internet_gateways:
  description: All internet gateways of the region, attached or not.
  returned: when O(include) has V(internet_gateways)
  type: list
  elements: dict
  contains:
    internet_gateway_id:
      description: Id of the gateway.
      type: str
      sample: igw-0a1b2c3d4e5f60718
    attachments:
      description: The VPC that it is attached to.
      type: list
      elements: dict
    tags:
      description: The tags, with keys as they are.
      type: dict
addresses:
  description: The elastic addresses that carry the tag.
  returned: when O(include) has V(addresses)
  type: list
  elements: dict
  contains:
    public_ip:
      description: The address.
      type: str
      sample: 203.0.113.17
    allocation_id:
      description: Id of its allocation.
      type: str
      sample: eipalloc-0a1b2c3d4e5f60718
    tags:
      description: The tags, with keys as they are.
      type: dict
security_groups:
  description: The security groups of the VPC.
  returned: when O(include) has V(security_groups)
  type: list
  elements: dict
  contains:
    group_id:
      description: Id of the group.
      type: str
      sample: sg-0a1b2c3d4e5f60718
    group_name:
      description: Name of the group.
      type: str
      sample: default
    tags:
      description: The tags, with keys as they are.
      type: dict
network_interfaces:
  description: The network interfaces in the VPC.
  returned: when O(include) has V(network_interfaces)
  type: list
  elements: dict
  contains:
    network_interface_id:
      description: Id of the interface.
      type: str
      sample: eni-0a1b2c3d4e5f60718
    description:
      description: What its maker says it is for.
      type: str
      sample: Amazon EKS prod
    status:
      description: V(available), V(in-use) or a state between them.
      type: str
      sample: in-use
    tags:
      description: The tags, with keys as they are.
      type: dict
"""

from ansible_collections.flotilla.eks.plugins.module_utils._network_info import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
