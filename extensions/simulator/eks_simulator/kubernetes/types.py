# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of the Kubernetes types that are served. Discovery, OpenAPI and routing all follow from it.

Names, short names, categories and subresources: `kubectl api-resources` of a Kubernetes 1.32.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    """A kind of object in a version of an API group; the core group is ``. One that is `stored` can be read and
    listed, the others are questions that are answered at their creation."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    stored: bool = True

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """The name with the group, as error messages have it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


NAMESPACE = Type("", "v1", "Namespace", "namespaces", False, ("ns",), subresources=("status",))
NODE = Type("", "v1", "Node", "nodes", False, ("no",), subresources=("status",))
POD = Type("", "v1", "Pod", "pods", True, ("po",), ("all",), ("eviction", "log", "status"))
SERVICE = Type("", "v1", "Service", "services", True, ("svc",), ("all",), ("status",))
CONFIG_MAP = Type("", "v1", "ConfigMap", "configmaps", True, ("cm",))
SECRET = Type("", "v1", "Secret", "secrets")
SERVICE_ACCOUNT = Type("", "v1", "ServiceAccount", "serviceaccounts", True, ("sa",))
EVENT = Type("", "v1", "Event", "events", True, ("ev",))
DEPLOYMENT = Type("apps", "v1", "Deployment", "deployments", True, ("deploy",), ("all",), ("scale", "status"))
REPLICA_SET = Type("apps", "v1", "ReplicaSet", "replicasets", True, ("rs",), ("all",), ("scale", "status"))
STATEFUL_SET = Type("apps", "v1", "StatefulSet", "statefulsets", True, ("sts",), ("all",), ("scale", "status"))
DAEMON_SET = Type("apps", "v1", "DaemonSet", "daemonsets", True, ("ds",), ("all",), ("status",))
DISRUPTION_BUDGET = Type(
    "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", True, ("pdb",), subresources=("status",)
)
INGRESS = Type("networking.k8s.io", "v1", "Ingress", "ingresses", True, ("ing",), subresources=("status",))
NETWORK_POLICY = Type("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", True, ("netpol",))
_RBAC = "rbac.authorization.k8s.io"
CLUSTER_ROLE = Type(_RBAC, "v1", "ClusterRole", "clusterroles", False)
CLUSTER_ROLE_BINDING = Type(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", False)
ROLE = Type(_RBAC, "v1", "Role", "roles")
ROLE_BINDING = Type(_RBAC, "v1", "RoleBinding", "rolebindings")
LEASE = Type("coordination.k8s.io", "v1", "Lease", "leases")
ACCESS_REVIEW = Type(
    "authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, stored=False
)
RULES_REVIEW = Type(
    "authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, stored=False
)
SUBJECT_REVIEW = Type("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, stored=False)

TYPES = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    EVENT,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    DISRUPTION_BUDGET,
    INGRESS,
    NETWORK_POLICY,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    LEASE,
    ACCESS_REVIEW,
    RULES_REVIEW,
    SUBJECT_REVIEW,
)
