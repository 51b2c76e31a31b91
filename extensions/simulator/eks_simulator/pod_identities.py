# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod identity associations: one for each service account. All of it is synchronous.

Rules: the service model of CreatePodIdentityAssociation and UpdatePodIdentityAssociation, and
https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from typing import Any

from . import idempotency
from .cluster_rules import require_active
from .errors import in_use, invalid_parameter, invalid_request, limit_exceeded, not_found
from .operations import Call, operation
from .paging import page
from .role_rules import require_pod_role
from .store import Cluster, Resource
from .tags import require_allowed

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""Names of namespaces and of service accounts
(https://kubernetes.io/docs/concepts/overview/working-with-objects/names/)."""
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_MUTABLE = ("roleArn", "disableSessionTags", "targetRoleArn", "policy")


@operation("CreatePodIdentityAssociation")
def create_pod_identity_association(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"association": earlier.description}
    require_active(cluster)
    require_allowed(call.get("tags", {}))
    association = associate(call, cluster, call.parameters, tags=call.get("tags", {}))
    idempotency.remember(call, association)
    return {"association": association.description}


@operation("DescribePodIdentityAssociation")
def describe_pod_identity_association(call: Call) -> dict[str, Any]:
    return {"association": _association(call, call.cluster()).description}


@operation("ListPodIdentityAssociations")
def list_pod_identity_associations(call: Call) -> dict[str, Any]:
    """Summaries, without role and tags (service model), of the namespace and service account named, if they are."""
    shown = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")
    found = [
        {name: association.description.get(name) for name in shown}
        for association in call.cluster().pod_identities.values()
        if all(association.description[name] == call.get(name, association.description[name]) for name in shown[1:3])
    ]
    return page(call, "associations", found)


@operation("UpdatePodIdentityAssociation")
def update_pod_identity_association(call: Call) -> dict[str, Any]:
    """ "You must change at least one of these in an update" (service model). What is left out keeps its value."""
    cluster = call.cluster()
    association = _association(call, cluster)
    _require_no_owner(association, "updated")
    changed = {name: call.parameters[name] for name in _MUTABLE if name in call.parameters}
    after = {**association.description, **changed}
    if after == association.description:
        raise invalid_parameter("No changes detected in the pod identity association", clusterName=cluster.name)
    _require_members(call, after)
    _describe(call, association, after)
    return {"association": association.description}


@operation("DeletePodIdentityAssociation")
def delete_pod_identity_association(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    association = _association(call, cluster)
    _require_no_owner(association, "deleted")
    dissociate(call, cluster, association)
    return {"association": association.description}


def associate(
    call: Call, cluster: Cluster, given: dict[str, Any], tags: dict[str, str], owner: str | None = None
) -> Resource:
    """A new association of the `given` members, owned by the add-on with the ARN `owner` if it has one.

    Raises ResourceInUseException (AWS's wording) if the service account has one already.
    """
    _require_names(given, cluster)
    existing = find(cluster, given["namespace"], given["serviceAccount"])
    if existing is not None:
        raise in_use(f"Association already exists: {existing.name}", clusterName=cluster.name)
    if len(cluster.pod_identities) >= call.quotas.pod_identity_associations_per_cluster:
        raise limit_exceeded("Pod identity association limit exceeded", clusterName=cluster.name)
    _require_members(call, given)
    number = "a-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _unused in range(17))
    arn = call.region.arn(f"podidentityassociation/{cluster.name}/{number}")
    association = Resource("pod_identity_association", number, arn, {"tags": dict(tags), "createdAt": call.now})
    identity = {"clusterName": cluster.name, "associationArn": arn, "associationId": number, "ownerArn": owner}
    _describe(call, association, {"disableSessionTags": False, **given, **identity})
    cluster.pod_identities[number] = association
    return association


def dissociate(call: Call, cluster: Cluster, association: Resource) -> None:
    cluster.pod_identities.pop(association.name, None)
    idempotency.forget(call, association)


def change_role(call: Call, association: Resource, role_arn: str) -> None:
    """Give an association another role. Raises InvalidParameterException."""
    after = {**association.description, "roleArn": role_arn}
    _require_members(call, after)
    _describe(call, association, after)


def find(cluster: Cluster, namespace: str, account: str) -> Resource | None:
    """The association of a service account, if it has one."""
    wanted = (namespace, account)
    return next(
        (
            one
            for one in cluster.pod_identities.values()
            if (one.description["namespace"], one.description["serviceAccount"]) == wanted
        ),
        None,
    )


def _association(call: Call, cluster: Cluster) -> Resource:
    number = call.parameters["associationId"]
    if number not in cluster.pod_identities:
        raise not_found(f"No association found with ID: {number}.", clusterName=cluster.name)
    return cluster.pod_identities[number]


def _require_no_owner(association: Resource, what: str) -> None:
    """An add-on's associations are "owned by the respective add-on"
    (https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html), which the next update of it would restore:
    so they are to be changed through it. AWS may let it pass; this is the stricter reading."""
    owner = association.description.get("ownerArn")
    if owner:
        raise invalid_request(
            f"Association {association.name} is owned by the addon {owner} and cannot be {what} by itself",
            clusterName=association.description["clusterName"],
        )


def _require_names(given: dict[str, Any], cluster: Cluster) -> None:
    for member, form in (("namespace", _LABEL), ("serviceAccount", _SUBDOMAIN)):
        if not form.fullmatch(given[member]):
            raise invalid_parameter(f"Invalid {member}: {given[member]}", clusterName=cluster.name)


def _require_members(call: Call, given: dict[str, Any]) -> None:
    """Roles, and the session policy: "When using this policy, disableSessionTags must be set to true" (service
    model)."""
    members = {"clusterName": call.get("clusterName")}
    require_pod_role(call, given["roleArn"], **members)
    target = given.get("targetRoleArn")
    if target and not _ROLE_ARN.fullmatch(target):
        raise invalid_parameter(f"Target role ARN is invalid: {target}", **members)
    policy = given.get("policy")
    if not policy:
        return
    if not given.get("disableSessionTags"):
        raise invalid_parameter("disableSessionTags must be true when a policy is specified", **members)
    try:
        valid = isinstance(json.loads(policy), dict)
    except ValueError:
        valid = False
    if not valid:
        raise invalid_parameter("The policy is not a valid JSON policy document", **members)


def _describe(call: Call, association: Resource, members: dict[str, Any]) -> None:
    """Write the association down. A target role gets the external id by which it knows this association
    (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html)."""
    names = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn", *_MUTABLE)
    association.description.update({name: members.get(name) or None for name in names}, modifiedAt=call.now)
    association.description["disableSessionTags"] = bool(members.get("disableSessionTags"))
    region = call.region
    place = (region.name, region.account, members["clusterName"], members["namespace"], members["serviceAccount"])
    association.description["externalId"] = "/".join(place) if members.get("targetRoleArn") else None
