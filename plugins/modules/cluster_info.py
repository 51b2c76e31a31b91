#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_info
version_added: 0.1.0
short_description: Facts about Amazon EKS clusters
description:
  - Describes one EKS cluster, or all of the region, however many there are. Several are read at the same time.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the cluster. Omitted, all clusters of the account in this region are described.
      - A cluster that does not exist gives an empty list, and no error.
    type: str
seealso:
  - module: flotilla.eks.cluster
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

- name: All clusters of the region
  flotilla.eks.cluster_info:
  register: all

- name: Which version each of them has
  ansible.builtin.debug:
    msg: "{{ all.clusters | items2dict(key_name='name', value_name='version') }}"

- name: One cluster
  flotilla.eks.cluster_info:
    name: prod
  register: prod

- name: Stop unless it is there and well
  ansible.builtin.assert:
    that:
      - prod.clusters | length == 1
      - prod.clusters[0].status == 'ACTIVE'
      - not prod.clusters[0].health.issues

- name: Wait until a cluster that somebody else deletes is gone
  flotilla.eks.cluster_info:
    name: former
  register: former
  until: not former.clusters
  retries: 60
  delay: 15
"""

RETURN = r"""
---
clusters:
  description: The clusters, in the order in which EKS lists them. Empty if there is none.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the cluster.
      type: str
      sample: prod
    arn:
      description: ARN of the cluster.
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:cluster/prod
    status:
      description:
        - State of the cluster, V(CREATING), V(ACTIVE), V(UPDATING), V(DELETING) or V(FAILED). A connected cluster can
          also be V(PENDING).
      type: str
      sample: ACTIVE
    version:
      description: Kubernetes minor version.
      type: str
      sample: "1.33"
    platform_version:
      description: Platform version, by which AWS numbers its own changes within a minor version.
      type: str
      sample: eks.27
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2026-03-02T08:15:30.250000+00:00"
    endpoint:
      description: URL of the Kubernetes API.
      returned: once it was active
      type: str
      sample: https://0A1B2C3D4E5F60718293A4B5C6D7E8F9.gr7.eu-central-1.eks.amazonaws.com
    certificate_authority:
      description: What the endpoint's certificate is checked with.
      returned: once it was active
      type: dict
      contains:
        data:
          description:
            - Certificates of the authority, PEM in base64, as C(certificate-authority-data) of a kubeconfig wants it.
          type: str
        active:
          description: The authority that signs now.
          type: dict
          contains:
            id:
              description: Id of the authority.
              type: str
            activated_by:
              description: Who activated it, V(EKS) or V(CUSTOMER).
              type: str
    identity:
      description: The cluster as an identity provider.
      returned: once it was active
      type: dict
      contains:
        oidc:
          description: Its OpenID Connect provider.
          type: dict
          contains:
            issuer:
              description: URL of the issuer, which roles for service accounts trust.
              type: str
              sample: https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9
    role_arn:
      description: ARN of the control plane's IAM role.
      type: str
      sample: arn:aws:iam::123456789012:role/eks-cluster
    resources_vpc_config:
      description: The control plane in the VPC.
      type: dict
      contains:
        vpc_id:
          description: Id of the VPC.
          type: str
          sample: vpc-0a1b2c3d4e5f60718
        subnet_ids:
          description: Ids of the subnets of its network interfaces.
          type: list
          elements: str
        security_group_ids:
          description: Ids of the additional security groups of its network interfaces.
          type: list
          elements: str
        cluster_security_group_id:
          description: Id of the security group that EKS made for control plane and nodes.
          type: str
          sample: sg-0a1b2c3d4e5f60718
        endpoint_public_access:
          description: Whether the Kubernetes API answers on the internet.
          type: bool
        endpoint_private_access:
          description: Whether the Kubernetes API answers inside the VPC.
          type: bool
        public_access_cidrs:
          description: The networks that may reach the public endpoint.
          type: list
          elements: str
          sample: [203.0.113.0/24]
        control_plane_egress_mode:
          description: Who routes what the control plane sends.
          type: str
          sample: AWS_MANAGED
    kubernetes_network_config:
      description: The addresses of services, and the load balancing of EKS Auto Mode.
      type: dict
      contains:
        ip_family:
          description: Family of the addresses of pods and services.
          type: str
          sample: ipv4
        service_ipv4_cidr:
          description: The network of services' IPv4 addresses.
          type: str
          sample: 172.20.0.0/16
        service_ipv6_cidr:
          description: The network of services' IPv6 addresses.
          type: str
        elastic_load_balancing:
          description: Load balancers made by EKS Auto Mode.
          type: dict
          contains:
            enabled:
              description: Whether EKS Auto Mode makes them.
              type: bool
            gateway_api:
              description: The Kubernetes Gateway API.
              type: dict
              contains:
                crds:
                  description: Its custom resource definitions.
                  type: dict
                  contains:
                    managed:
                      description: Whether EKS keeps them up to date.
                      type: bool
    logging:
      description: The logs of the control plane.
      type: dict
      contains:
        cluster_logging:
          description: Those that are on, and those that are off.
          type: list
          elements: dict
          contains:
            types:
              description: Types of logs.
              type: list
              elements: str
            enabled:
              description: Whether they go to CloudWatch Logs.
              type: bool
    encryption_config:
      description: Encryption of secrets by a key of your own.
      returned: if there is one
      type: list
      elements: dict
      contains:
        resources:
          description: What is encrypted.
          type: list
          elements: str
          sample: [secrets]
        provider:
          description: The key.
          type: dict
          contains:
            key_arn:
              description: ARN of the KMS key.
              type: str
              sample: arn:aws:kms:eu-central-1:123456789012:key/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9
    access_config:
      description: How IAM principals are let in.
      type: dict
      contains:
        authentication_mode:
          description: Where principals are looked up.
          type: str
          sample: API_AND_CONFIG_MAP
        bootstrap_cluster_creator_admin_permissions:
          description: Whether who created the cluster became its administrator.
          type: bool
    upgrade_policy:
      description: What happens when the Kubernetes version leaves standard support.
      type: dict
      contains:
        support_type:
          description: V(STANDARD), the cluster is upgraded, or V(EXTENDED), the version enters extended support.
          type: str
    zonal_shift_config:
      description: Zonal shift.
      returned: if it was set
      type: dict
      contains:
        enabled:
          description: Whether traffic may be shifted away from an impaired zone.
          type: bool
    remote_network_config:
      description: The on-premises networks of EKS Hybrid Nodes.
      returned: if it was set
      type: dict
      contains:
        remote_node_networks:
          description: Where the nodes are.
          type: list
          elements: dict
          contains:
            cidrs:
              description: Network blocks.
              type: list
              elements: str
              sample: [10.80.0.0/16]
        remote_pod_networks:
          description: Where their pods are.
          type: list
          elements: dict
          contains:
            cidrs:
              description: Network blocks.
              type: list
              elements: str
              sample: [10.85.0.0/16]
    compute_config:
      description: EKS Auto Mode.
      returned: if it was set
      type: dict
      contains:
        enabled:
          description: Whether EKS Auto Mode runs nodes.
          type: bool
        node_pools:
          description: The built-in node pools.
          type: list
          elements: str
          sample: [general-purpose, system]
        node_role_arn:
          description: ARN of the nodes' IAM role.
          type: str
    storage_config:
      description: The storage of EKS Auto Mode.
      returned: if it was set
      type: dict
      contains:
        block_storage:
          description: EBS volumes.
          type: dict
          contains:
            enabled:
              description: Whether EKS Auto Mode makes them.
              type: bool
    deletion_protection:
      description: Whether EKS refuses to delete the cluster.
      type: bool
      sample: false
    control_plane_scaling_config:
      description: The capacity of the control plane.
      returned: if EKS tells it
      type: dict
      contains:
        tier:
          description: The tier.
          type: str
          sample: standard
    kube_api_server_config:
      description: Settings of the Kubernetes API server.
      returned: if EKS tells them
      type: dict
      contains:
        event_ttl:
          description: How long events are kept.
          type: str
          sample: 1h
        service_node_port_range:
          description: The ports of services of type NodePort.
          type: dict
          contains:
            min_port:
              description: The first port.
              type: int
            max_port:
              description: The last port.
              type: int
    kube_scheduler_config:
      description: Settings of the Kubernetes scheduler.
      returned: if EKS tells them
      type: dict
      contains:
        node_resources_fit:
          description: How nodes on which a pod fits are ranked.
          type: dict
          contains:
            scoring_strategy:
              description: The ranking.
              type: dict
              contains:
                type:
                  description: Which nodes come first.
                  type: str
                  sample: LeastAllocated
                resources:
                  description: The resources that count.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Name of the resource.
                      type: str
                      sample: cpu
                    weight:
                      description: How much it counts.
                      type: int
    kube_controller_manager_config:
      description: Settings of the Kubernetes controller manager.
      returned: if EKS tells them
      type: dict
      contains:
        pod_gc_controller_config:
          description: Removal of terminated pods.
          type: dict
          contains:
            terminated_pod_gc_threshold:
              description: How many terminated pods there may be.
              type: int
              sample: 12500
        horizontal_pod_autoscaler_controller_config:
          description: The horizontal pod autoscaler.
          type: dict
          contains:
            horizontal_pod_autoscaler_sync_period:
              description: The time from one look at the metrics to the next.
              type: str
              sample: 15s
    health:
      description: What is wrong with the cluster.
      type: dict
      contains:
        issues:
          description: The issues that EKS found, none if all is well.
          type: list
          elements: dict
          contains:
            code:
              description: Kind of issue, such as C(Ec2SubnetNotFound).
              type: str
            message:
              description: What EKS says of it.
              type: str
            resource_ids:
              description: What it is about.
              type: list
              elements: str
    outpost_config:
      description: The local cluster's place on AWS Outposts.
      returned: for a local cluster on Outposts
      type: dict
      contains:
        outpost_arns:
          description: ARN of the Outpost.
          type: list
          elements: str
        control_plane_instance_type:
          description: EC2 instance type of the control plane.
          type: str
        control_plane_placement:
          description: Placement of the control plane's instances.
          type: dict
          contains:
            group_name:
              description: Name of the placement group.
              type: str
            spread_level:
              description: What the instances do not share.
              type: str
        etcd_instance_type:
          description: EC2 instance type of etcd.
          type: str
        etcd_placement:
          description: Placement of etcd's instances.
          type: dict
          contains:
            spread_level:
              description: What the instances do not share.
              type: str
    id:
      description: Id of the local cluster.
      returned: for a local cluster on Outposts
      type: str
    connector_config:
      description: How a cluster that AWS does not run is connected.
      returned: for a connected cluster
      type: dict
      contains:
        activation_id:
          description: Id of the activation.
          type: str
        activation_expiry:
          description: When the activation ends, in ISO 8601.
          type: str
        provider:
          description: Who runs the cluster.
          type: str
        role_arn:
          description: ARN of the IAM role by which the cluster speaks to AWS.
          type: str
    client_request_token:
      description: The token of the request that created it.
      returned: if EKS tells it
      type: str
    tags:
      description: The tags, with keys as they are.
      type: dict
      sample:
        Team: platform
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run_info
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER


def main() -> None:
    run_info(CLUSTER)


if __name__ == "__main__":
    main()
