#!/usr/bin/python
# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster
version_added: 0.1.0
short_description: Amazon EKS clusters
description:
  - Creates, changes, upgrades and deletes EKS clusters, that is, control planes with all that EKS itself keeps of
    them.
  - Every field that CreateCluster, UpdateClusterConfig, UpdateClusterVersion and AssociateEncryptionConfig take is an
    option, under the same name in snake case.
author: flotilla.eks contributors (!UNKNOWN)
options:
  name:
    description:
      - Name of the cluster, unique in its account and region. It cannot be changed.
      - 1 to 100 letters, digits, hyphens and underscores, beginning with a letter or a digit.
    type: str
    required: true
  version:
    description:
      - The Kubernetes minor version, such as V(1.33). Quote it, as YAML takes an unquoted C(1.30) for the number 1.3.
      - Omitted at creation, it is the default of EKS. Omitted later, the cluster is not upgraded.
      - An existing cluster goes up by one minor version at a time. A larger step is refused with the path to take,
        and so is a step back.
      - Node groups have to be at the cluster's version before the cluster goes on to the next one.
    type: str
  role_arn:
    description:
      - ARN of the IAM role that the control plane takes on. Needed to create a cluster. It cannot be changed.
    type: str
  resources_vpc_config:
    description: Where the control plane meets the VPC, and who reaches it. Needed to create a cluster, or O(subnets).
    type: dict
    suboptions:
      subnet_ids:
        description:
          - Ids of the subnets in which EKS places its network interfaces. At least two, in two zones of one VPC; a
            local cluster on Outposts takes one.
          - They can be exchanged for others of the same VPC and zones.
          - Mutually exclusive with O(subnets), which is another name for it.
        type: list
        elements: str
      security_group_ids:
        description:
          - Ids or names of additional security groups of these network interfaces, five at most. Names are looked up
            in the cluster's VPC.
          - The cluster security group, which EKS makes itself, is not one of them.
          - Mutually exclusive with O(security_groups), which is another name for it.
        type: list
        elements: str
      endpoint_public_access:
        description:
          - Whether the Kubernetes API answers on the internet, to O(resources_vpc_config.public_access_cidrs).
          - AWS creates clusters with V(true). At least one of the two endpoints has to be on.
        type: bool
      endpoint_private_access:
        description:
          - Whether the Kubernetes API answers inside the VPC. AWS creates clusters with V(false).
          - Where it is off, nodes reach the control plane by the public endpoint, and their addresses have to be
            among O(resources_vpc_config.public_access_cidrs).
        type: bool
      public_access_cidrs:
        description:
          - The networks that may reach the public endpoint, in any order.
          - AWS creates clusters open to V(0.0.0.0/0), and to V(::/0) where they are dual-stack.
        type: list
        elements: str
      control_plane_egress_mode:
        description:
          - Who routes what the control plane itself sends, for example to webhooks and identity providers.
          - With V(AWS_MANAGED), with which AWS creates clusters, it is AWS. With V(CUSTOMER_ROUTED) it is your VPC.
            V(CUSTOMER_ISOLATED) is the third value that the API knows.
          - There is no way back to V(AWS_MANAGED).
        type: str
        choices: [AWS_MANAGED, CUSTOMER_ROUTED, CUSTOMER_ISOLATED]
  subnets:
    description:
      - Another name for O(resources_vpc_config.subnet_ids), the one that C(community.aws.eks_cluster) has. Give one
        of them.
    type: list
    elements: str
  security_groups:
    description:
      - Another name for O(resources_vpc_config.security_group_ids), the one that C(community.aws.eks_cluster) has.
        Give one of them.
    type: list
    elements: str
  kubernetes_network_config:
    description: The addresses of services, and the load balancing of EKS Auto Mode.
    type: dict
    suboptions:
      service_ipv4_cidr:
        description:
          - The network from which services get their addresses. A block between /24 and /12 of 10.0.0.0/8,
            172.16.0.0/12 or 192.168.0.0/16 that does not overlap with the VPC.
          - Omitted at creation, it is 10.100.0.0/16 or 172.20.0.0/16. It cannot be changed.
          - Not for O(kubernetes_network_config.ip_family=ipv6), where EKS chooses the block.
        type: str
      ip_family:
        description:
          - The family of the addresses of pods and services. AWS creates clusters with V(ipv4). It cannot be changed.
          - V(ipv6) needs a VPC and subnets with IPv6 blocks, and is not offered in China.
        type: str
        choices: [ipv4, ipv6]
      elastic_load_balancing:
        description: Load balancers made by EKS Auto Mode.
        type: dict
        suboptions:
          enabled:
            description:
              - Whether EKS Auto Mode makes and deletes load balancers. Omitted, it follows O(compute_config.enabled).
            type: bool
          gateway_api:
            description: The Kubernetes Gateway API in a cluster with EKS Auto Mode.
            type: dict
            suboptions:
              crds:
                description: The custom resource definitions of the Gateway API.
                type: dict
                suboptions:
                  managed:
                    description: Whether EKS installs them and keeps them up to date.
                    type: bool
  logging:
    description: Which logs of the control plane go to CloudWatch Logs, where they are charged for.
    type: dict
    suboptions:
      cluster_logging:
        description:
          - The types of logs that are on. Types that no item enables are switched off, so V([]) switches all off.
          - AWS creates clusters without logs.
        type: list
        elements: dict
        suboptions:
          types:
            description: The types that this item speaks of.
            type: list
            elements: str
            choices: [api, audit, authenticator, controllerManager, scheduler]
          enabled:
            description: Whether they are on. Omitted, they are off.
            type: bool
  encryption_config:
    description:
      - Encryption of Kubernetes secrets by a KMS key of your own. One item at most.
      - It can be given to an existing cluster, once. The key cannot be changed, and encryption cannot be taken away
        again. AWS needs up to about 45 minutes to encrypt the secrets that are there.
      - From Kubernetes 1.28 on, EKS encrypts all objects anyway, with a key of its own if you give none.
    type: list
    elements: dict
    suboptions:
      resources:
        description: What is encrypted. The only value that EKS knows is V(secrets).
        type: list
        elements: str
      provider:
        description: The key.
        type: dict
        suboptions:
          key_arn:
            description: ARN of a symmetric KMS key in the cluster's region.
            type: str
  outpost_config:
    description:
      - Makes the cluster a local one on AWS Outposts. Nothing of it can be changed.
    type: dict
    suboptions:
      outpost_arns:
        description: ARN of the Outpost. EKS takes one.
        type: list
        elements: str
        required: true
      control_plane_instance_type:
        description: EC2 instance type of all instances of the control plane.
        type: str
        required: true
      control_plane_placement:
        description: How the instances of the control plane are placed. Without it there is no placement group.
        type: dict
        suboptions:
          group_name:
            description: Name of the placement group.
            type: str
          spread_level:
            description: What the instances do not share.
            type: str
            choices: [host, rack]
      etcd_instance_type:
        description: EC2 instance type of all instances of etcd.
        type: str
      etcd_placement:
        description: How the instances of etcd are placed. Without it there is no placement group.
        type: dict
        suboptions:
          spread_level:
            description: What the instances do not share.
            type: str
            choices: [host, rack]
  access_config:
    description: How IAM principals are let into the cluster.
    type: dict
    suboptions:
      authentication_mode:
        description:
          - Where the cluster looks a principal up, in access entries (V(API)), in the aws-auth ConfigMap
            (V(CONFIG_MAP)) or in both (V(API_AND_CONFIG_MAP)).
          - The API creates clusters with V(CONFIG_MAP). Changes go from V(CONFIG_MAP) by V(API_AND_CONFIG_MAP) to
            V(API), and never back. See M(flotilla.eks.access_entry).
        type: str
        choices: [API, API_AND_CONFIG_MAP, CONFIG_MAP]
      bootstrap_cluster_creator_admin_permissions:
        description:
          - Whether who creates the cluster becomes its administrator, without being asked for by name. AWS creates
            clusters with V(true). It counts at creation only, and AWS does not tell it afterwards.
          - With V(false), give the administrators access entries by M(flotilla.eks.access_entry).
        type: bool
  bootstrap_self_managed_addons:
    description:
      - Whether EKS installs VPC CNI, CoreDNS and kube-proxy at creation, as plain objects that nobody updates. AWS
        creates clusters with V(true), and wants V(false) where EKS Auto Mode is on.
      - EKS does not tell the value of an existing cluster. It takes effect at creation only, and is not compared
        later.
    type: bool
  upgrade_policy:
    description: What happens when a Kubernetes version leaves standard support.
    type: dict
    suboptions:
      support_type:
        description:
          - With V(EXTENDED), with which AWS creates clusters, the version enters extended support, at an extra
            charge. With V(STANDARD), AWS upgrades the cluster by itself.
          - It cannot be changed to V(STANDARD) once extended support has begun.
        type: str
        choices: [STANDARD, EXTENDED]
  zonal_shift_config:
    description: Zonal shift of the Amazon Application Recovery Controller.
    type: dict
    suboptions:
      enabled:
        description: Whether traffic inside the cluster may be shifted away from an impaired zone.
        type: bool
  remote_network_config:
    description:
      - The on-premises networks of EKS Hybrid Nodes. It can be added, changed and removed.
      - Blocks are private IPv4 ones (RFC 1918) from /32 to /8 that overlap neither with the VPC nor with the
        addresses of services.
      - To remove it, give both lists empty.
    type: dict
    suboptions:
      remote_node_networks:
        description: Where the nodes are. One item at most.
        type: list
        elements: dict
        suboptions:
          cidrs:
            description: Network blocks, in any order.
            type: list
            elements: str
      remote_pod_networks:
        description:
          - Where the pods of these nodes are, if the control plane has to reach their webhooks. One item at most.
        type: list
        elements: dict
        suboptions:
          cidrs:
            description: Network blocks, in any order.
            type: list
            elements: str
  compute_config:
    description:
      - EKS Auto Mode, in which EKS runs the nodes. It can be switched on and off.
      - Auto Mode is three switches that AWS takes only in one position. Give O(compute_config.enabled) alone, and
        O(kubernetes_network_config.elastic_load_balancing.enabled) and O(storage_config.block_storage.enabled) follow
        it.
    type: dict
    suboptions:
      enabled:
        description: Whether EKS Auto Mode runs nodes.
        type: bool
      node_pools:
        description:
          - The built-in node pools, V(general-purpose) and V(system), in any order. With V([]) there are none.
          - They need Auto Mode. With O(compute_config.enabled=false) they are left out of account.
        type: list
        elements: str
      node_role_arn:
        description:
          - ARN of the IAM role of the nodes that Auto Mode starts. Needed for built-in node pools. It stays as it was
            when Auto Mode was switched on.
          - It needs Auto Mode. With O(compute_config.enabled=false) it is left out of account.
        type: str
  storage_config:
    description: The storage of EKS Auto Mode.
    type: dict
    suboptions:
      block_storage:
        description: EBS volumes made by EKS Auto Mode.
        type: dict
        suboptions:
          enabled:
            description:
              - Whether EKS Auto Mode makes and deletes EBS volumes. Omitted, it follows O(compute_config.enabled).
            type: bool
  deletion_protection:
    description:
      - Whether EKS refuses to delete the cluster. AWS creates clusters with V(false).
      - With O(state=absent), a protected cluster is deleted only if V(false) is given too.
    type: bool
  control_plane_scaling_config:
    description: The capacity of the control plane.
    type: dict
    suboptions:
      tier:
        description: With V(standard), AWS scales it with the load. The others are provisioned, and charged for.
        type: str
        choices: [standard, tier-xl, tier-2xl, tier-4xl, tier-8xl]
  kube_api_server_config:
    description:
      - Settings of the Kubernetes API server. Which values are possible depends on version and tier;
        DescribeClusterVersions of the EKS API tells them.
    type: dict
    suboptions:
      event_ttl:
        description: How long events are kept, as a number with one unit, such as V(30m) or V(1h).
        type: str
      service_node_port_range:
        description: The ports of services of type NodePort.
        type: dict
        suboptions:
          min_port:
            description: The first port.
            type: int
          max_port:
            description: The last port.
            type: int
  kube_scheduler_config:
    description: Settings of the Kubernetes scheduler.
    type: dict
    suboptions:
      node_resources_fit:
        description: How nodes on which a pod fits are ranked.
        type: dict
        suboptions:
          scoring_strategy:
            description: The ranking.
            type: dict
            suboptions:
              type:
                description:
                  - Whether the emptiest nodes come first, V(LeastAllocated), or the fullest, V(MostAllocated).
                type: str
                choices: [LeastAllocated, MostAllocated]
              resources:
                description: The resources that count, in any order, 100 at most.
                type: list
                elements: dict
                suboptions:
                  name:
                    description: Name of the resource, such as V(cpu).
                    type: str
                  weight:
                    description: How much it counts, from 1 to 100.
                    type: int
  kube_controller_manager_config:
    description: Settings of the Kubernetes controller manager.
    type: dict
    suboptions:
      pod_gc_controller_config:
        description: Removal of terminated pods.
        type: dict
        suboptions:
          terminated_pod_gc_threshold:
            description: How many terminated pods there may be, from 1 to 1000000, before some are removed.
            type: int
      horizontal_pod_autoscaler_controller_config:
        description: The horizontal pod autoscaler.
        type: dict
        suboptions:
          horizontal_pod_autoscaler_sync_period:
            description: The time from one look at the metrics to the next, as a number with one unit, such as V(15s).
            type: str
  force:
    description:
      - Whether an upgrade of O(version) is made even though upgrade insights of EKS speak against it.
      - It has no effect on anything else.
    type: bool
  wait_timeout:
    default: 3600
notes:
  - A cluster is not deleted while it has node groups, Fargate profiles or capabilities. The task fails with their
    names before anything is written. In check mode it returns them as RV(blocked_by) instead, as an earlier task of
    the same run may be the one that deletes them.
  - EKS does not know the load balancers that Kubernetes made. Delete their services before the cluster.
  - A cluster that ended as V(FAILED) when it was created can only be deleted and created again.
  - A playbook written for C(community.aws.eks_cluster) needs another module name only. What differs is that the
    module waits unless told otherwise, that O(security_groups) need not be given, that keys of tags are returned as
    they are, and that what differs is changed instead of refused or passed over.
seealso:
  - module: flotilla.eks.cluster_info
  - module: flotilla.eks.nodegroup
  - module: flotilla.eks.fargate_profile
  - module: flotilla.eks.access_entry
  - module: flotilla.eks.kubeconfig
extends_documentation_fragment:
  - flotilla.eks.attributes
  - flotilla.eks.state
  - flotilla.eks.settling
  - flotilla.eks.tags
  - flotilla.eks.retries
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - flotilla.eks.boto
"""

EXAMPLES = r"""
---
# Region and credentials come from the environment, or from module_defaults of group/flotilla.eks.aws.

- name: A cluster in two zones
  flotilla.eks.cluster:
    name: prod
    version: "1.34"
    role_arn: arn:aws:iam::123456789012:role/eks-cluster
    subnets:
      - subnet-0a1b2c3d4e5f60001
      - subnet-0a1b2c3d4e5f60002
    tags:
      Team: platform
      Stage: production
  register: prod

- name: Its endpoint
  ansible.builtin.debug:
    var: prod.endpoint

- name: What would another endpoint access change?
  flotilla.eks.cluster:
    name: prod
    resources_vpc_config:
      endpoint_private_access: true
      endpoint_public_access: false
  check_mode: true
  diff: true

- name: Nodes reach the control plane inside the VPC, people from the office
  flotilla.eks.cluster:
    name: prod
    resources_vpc_config:
      endpoint_private_access: true
      endpoint_public_access: true
      public_access_cidrs:
        - 203.0.113.0/24

- name: A third zone, and a security group by its name
  flotilla.eks.cluster:
    name: prod
    resources_vpc_config:
      subnet_ids:
        - subnet-0a1b2c3d4e5f60001
        - subnet-0a1b2c3d4e5f60002
        - subnet-0a1b2c3d4e5f60003
      security_group_ids:
        - eks-control-plane

- name: One more tag, beside those that are there
  flotilla.eks.cluster:
    name: prod
    tags:
      CostCenter: "4711"
    purge_tags: false

- name: Who did what, in CloudWatch Logs
  flotilla.eks.cluster:
    name: prod
    logging:
      cluster_logging:
        - types: [api, audit, authenticator]
          enabled: true

- name: Secrets encrypted by a key of our own
  flotilla.eks.cluster:
    name: prod
    encryption_config:
      - resources: [secrets]
        provider:
          key_arn: arn:aws:kms:eu-central-1:123456789012:key/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9

- name: Access entries beside the aws-auth ConfigMap
  flotilla.eks.cluster:
    name: prod
    access_config:
      authentication_mode: API_AND_CONFIG_MAP

- name: Several settings at once, made one after the other
  flotilla.eks.cluster:
    name: prod
    deletion_protection: true
    upgrade_policy:
      support_type: STANDARD
    zonal_shift_config:
      enabled: true

- name: Networks of on-premises nodes and of their pods
  flotilla.eks.cluster:
    name: prod
    remote_network_config:
      remote_node_networks:
        - cidrs: [10.80.0.0/16]
      remote_pod_networks:
        - cidrs: [10.85.0.0/16]

- name: No on-premises nodes any more
  flotilla.eks.cluster:
    name: prod
    remote_network_config:
      remote_node_networks: []
      remote_pod_networks: []

- name: The next Kubernetes version
  flotilla.eks.cluster:
    name: prod
    version: "1.35"

- name: A provisioned control plane that fills its nodes up
  flotilla.eks.cluster:
    name: prod
    control_plane_scaling_config:
      tier: tier-xl
    kube_scheduler_config:
      node_resources_fit:
        scoring_strategy:
          type: MostAllocated
          resources:
            - name: cpu
              weight: 2
            - name: memory
              weight: 1

- name: A private cluster in which EKS runs the nodes (Auto Mode)
  flotilla.eks.cluster:
    name: auto
    role_arn: arn:aws:iam::123456789012:role/eks-cluster
    resources_vpc_config:
      subnet_ids:
        - subnet-0a1b2c3d4e5f60001
        - subnet-0a1b2c3d4e5f60002
      endpoint_private_access: true
      endpoint_public_access: false
    access_config:
      authentication_mode: API
      bootstrap_cluster_creator_admin_permissions: false
    bootstrap_self_managed_addons: false
    compute_config:
      enabled: true
      node_pools: [general-purpose, system]
      node_role_arn: arn:aws:iam::123456789012:role/eks-auto-nodes

- name: Back to nodes of our own
  flotilla.eks.cluster:
    name: auto
    compute_config:
      enabled: false

- name: Delete a cluster, without waiting for the end
  flotilla.eks.cluster:
    name: auto
    state: absent
    wait: false

- name: Delete a cluster that is protected
  flotilla.eks.cluster:
    name: prod
    deletion_protection: false
    state: absent
"""

RETURN = r"""
---
name:
  description: Name of the cluster.
  returned: if the cluster exists afterwards
  type: str
  sample: prod
arn:
  description: ARN of the cluster.
  returned: if the cluster exists afterwards
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:cluster/prod
status:
  description:
    - State of the cluster, V(CREATING), V(ACTIVE), V(UPDATING), V(DELETING) or V(FAILED). A connected cluster can
      also be V(PENDING).
  returned: if the cluster exists afterwards
  type: str
  sample: ACTIVE
version:
  description: Kubernetes minor version.
  returned: if the cluster exists afterwards
  type: str
  sample: "1.33"
platform_version:
  description: Platform version, by which AWS numbers its own changes within a minor version.
  returned: if the cluster exists afterwards
  type: str
  sample: eks.27
created_at:
  description: When it was created, in ISO 8601.
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
  type: str
  sample: arn:aws:iam::123456789012:role/eks-cluster
resources_vpc_config:
  description: The control plane in the VPC.
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
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
  returned: if the cluster exists afterwards
  type: dict
  sample:
    Team: platform
changes:
  description: What was done, or in check mode would be done, one item for each call of AWS, in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description:
        - What kind of change it is, V(create), V(update), V(tag), V(untag), V(attach), V(detach) or V(delete).
      type: str
    operation:
      description: The operation of the EKS API.
      type: str
    fields:
      description:
        - The options whose values it changes. For a deletion that is part of a replacement, the reasons for it.
      type: list
      elements: str
  sample:
    - action: update
      operation: UpdateClusterConfig
      fields: [logging.cluster_logging]
blocked_by:
  description: What would keep the cluster from being deleted if it were deleted now.
  returned: in check mode, if there is something
  type: list
  elements: str
  sample: [node group web, Fargate profile apps]
diff:
  description: The fields that change.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: Their values before.
      type: dict
    after:
      description: Their values afterwards.
      type: dict
    before_header:
      description: The resource that they belong to.
      type: str
    after_header:
      description: The resource that they belong to.
      type: str
"""

from ansible_collections.flotilla.eks.plugins.module_utils._entry import run
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER


def main() -> None:
    run(CLUSTER)


if __name__ == "__main__":
    main()
