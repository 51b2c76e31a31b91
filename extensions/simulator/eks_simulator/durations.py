# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long things take on AWS, in seconds of simulated time.

Published figures where there are any, else what operators commonly report:
- create a cluster: "typically ... about 10 minutes" in the EKS user guide (create-cluster); AWS brought it down to
  nine minutes and less (https://aws.amazon.com/blogs/containers/amazon-eks-cluster-creation-time-reduced).
- update a cluster's version: "finish within a few minutes" says the API; some ten in practice.
- node groups: "several minutes" in the user guide (create-managed-node-group); instances boot in one to two.
- Fargate profiles: one to two minutes.
- add-ons: under a minute where nodes are; those that wait for nodes are reported DEGRADED after ten minutes and more.
"""

from __future__ import annotations

CLUSTER_CREATE = 540
CLUSTER_DELETE = 300
CLUSTER_VERSION = 600
CLUSTER_ENCRYPTION = 720
CLUSTER_CONFIG = 120
AUTO_MODE_NODES_ROLLBACK = 6 * 3600
"""The nodes go back before the control plane does, in minutes to seven days, as the disruption controls of the node
pools have it (user guide, rollback-automode)."""
CANCELLATION = 30
INSIGHTS_REFRESH = 60
CLUSTER_VPC_CONFIG = 420
"""Endpoint access, subnets and security groups: the control plane's network interfaces are replaced."""

INSTANCE_BOOT = 60
"""Until the kubelet of a new instance knocks at its cluster's door."""
NODE_READY = 15
"""From a Node's appearance until its network plugin works."""
JOIN_RETRY = 30
"""How often a kubelet tries again that was turned away."""
NODEADM_PATIENCE = 600
"""How long nodeadm tries to get credentials and to learn about its instance: "we'll give up after approximately 10
minutes" (https://github.com/awslabs/amazon-eks-ami, nodeadm/cmd/nodeadm/init/init.go)."""
NODEGROUP_CREATE = 150
NODEGROUP_DELETE = 270
NODEGROUP_CONFIG = 15
NODEGROUP_SCALE_PER_NODE = 5
NODEGROUP_VERSION_BASE = 120
"""Until a version update begins to replace nodes, in batches of updateConfig's size."""
NODE_LOOK = 10
"""How often it looks whether new nodes are Ready, and old ones are empty."""
NODE_PATIENCE = 900
"""How long it waits for new nodes."""
EVICTION_PATIENCE = 900
"""How long it tries to evict pods (user guide, managed-node-update-behavior)."""
NODE_RETIREMENT = 60
"""Between the drain of a node and its termination (user guide, managed-node-update-behavior)."""

IDENTITY_PROVIDER = 900
"""Either way: "Wait for the update to complete" says the user guide; some 10 to 20 minutes are reported."""

CAPABILITY_CREATE = 240
CAPABILITY_UPDATE = 60
CAPABILITY_DELETE = 180

CERTIFICATE_AUTHORITY = 180
"""An update of the trust bundle, or of the signer."""
CERTIFICATE_AUTHORITY_DISTRIBUTION = 900
"""From the appending of a certificate authority until all that AWS manages trusts it."""

DEREGISTRATION = 10

SUBSCRIPTION_CREATE = 60
SUBSCRIPTION_UPDATE = 10

FARGATE_CREATE = 75
FARGATE_DELETE = 90

ADDON_CREATE = 45
ADDON_UPDATE = 60
ADDON_DELETE = 30
ADDON_UNSCHEDULED = 600
"""How long an add-on whose pods find no node stays CREATING before it is DEGRADED."""
ADDON_LOOK = 15
"""How often EKS looks at the pods of an add-on that is not well."""

POD_START = 3
"""From the binding of a pod until it is Ready, the image at hand or small."""
POD_END = 2
"""From the termination signal until the containers have ended, grace permitting."""
FARGATE_POD = 45
"""Until Fargate has a node for a pod: half a minute to a minute and more."""

SCALING_REACTION = 5
"""From a change of an Auto Scaling group until it acts on it."""
SCALING_LAUNCH = 20
"""From the launch of an instance until it runs, and its group has it in service."""
SCALING_TERMINATION = 30
"""From the termination of an instance until it is gone, and its group no longer has it."""
HEALTH_CHECK = 30
"""Until a group notices that an instance does not run."""
SCALING_RETRY = 60
"""Until a group tries again that could not launch; longer each time."""
SCALING_RETRY_MOST = 1800
ZONE_REBALANCE = 300
"""Until a group notices that its zones are out of balance."""
WARM_STOP = 60
"""From the launch of an instance into a warm pool until it is stopped there."""
WARM_START = 20
"""From the start of a stopped instance of a warm pool until it runs."""
REFRESH_LOOK = 15
"""How often an instance refresh looks whether it can go on."""
GROUP_DELETE = 30
"""From the end of the last instance of a group until the group is gone."""
