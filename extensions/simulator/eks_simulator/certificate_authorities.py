# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authorities of a cluster, and their rotation: append a successor, activate it, delete the other.

Rules: the service model of the five operations. Each step is an update of the cluster; the distribution of a successor
goes on after its update has ended.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from . import durations, idempotency
from .certificates import Signer
from .errors import ServiceError, in_use, invalid_parameter, limit_exceeded, not_found
from .lifecycle import being_updated
from .operations import Call, operation
from .paging import page
from .store import Cluster, Update

Authority = dict[str, Any]

MOST = 2
VALIDITY = timedelta(days=3650)
AUTO_ACTIVATION = timedelta(days=365), timedelta(days=90)
"""How long before the end of the outgoing authority EKS activates the successor, at the earliest and at the latest. The
model has the two moments and not how they are computed; the lengths are ours."""
ROLLBACK = timedelta(days=7)
""" "For a limited period after activation, CA rollback is available": how long is ours."""
KIND = "CertificateAuthorityUpdate"
_SUMMARY = ("id", "createdAt", "createdBy", "activatedAt", "activatedBy", "signingStatus", "distributionStatus")


def found_trust(call: Call, cluster: Cluster) -> None:
    """The first authority, which EKS makes with the cluster."""
    first = _new(call, cluster, "EKS")
    first.update(signingStatus="IN_USE", distributionStatus="COMPLETE", activatedAt=call.timeline.now)
    first["activatedBy"] = "EKS"
    cluster.certificate_authorities[first["id"]] = first
    _show_signer(cluster)


@operation("CreateCertificateAuthority")
def create_certificate_authority(call: Call) -> dict[str, Any]:
    """ "Each cluster can have at most two certificate authorities at a time"."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return _answer(*earlier)
    _require_active(cluster)
    if len(cluster.certificate_authorities) >= MOST:
        raise limit_exceeded(f"Cluster {cluster.name} has {MOST} certificate authorities", clusterName=cluster.name)
    authority = _new(call, cluster, "CUSTOMER")

    def distribute() -> None:
        if authority["distributionStatus"] == "IN_PROGRESS":
            authority["distributionStatus"] = "COMPLETE"

    def revert() -> None:
        authority["distributionStatus"] = "FAILED"

    update = _begin(call, cluster, authority, lambda: None, revert)
    cluster.certificate_authorities[authority["id"]] = authority
    call.timeline.after(durations.CERTIFICATE_AUTHORITY_DISTRIBUTION, distribute)
    return _made(call, update, authority)


@operation("ActivateCertificateAuthority")
def activate_certificate_authority(call: Call) -> dict[str, Any]:
    """A successor that is "fully distributed (its distributionStatus must be COMPLETE)", or, while rollback is
    available, the outgoing authority. The operation knows no ResourceInUseException."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return _answer(*earlier)
    authority = _authority(call, cluster)
    _require_activatable(cluster, authority)
    (outgoing,) = (one for one in cluster.certificate_authorities.values() if one["signingStatus"] == "IN_USE")

    def apply() -> None:
        now = call.timeline.now
        outgoing.update(signingStatus="NOT_USED", rollbackAvailable=False)
        authority.update(signingStatus="IN_USE", activatedAt=now, activatedBy="CUSTOMER", rollbackAvailable=True)
        _show_signer(cluster)
        call.control_planes.renew(cluster)
        call.timeline.after(ROLLBACK.total_seconds(), lambda: authority.update(rollbackAvailable=False))

    def revert() -> None:
        authority["signingStatus"] = "NOT_USED"

    try:
        _require_active(cluster)
        update = _begin(call, cluster, authority, apply, revert)
    except ServiceError as refused:
        raise invalid_parameter(refused.message, clusterName=cluster.name) from None
    authority["signingStatus"] = "ACTIVATING"
    return _made(call, update, authority)


@operation("DescribeCertificateAuthority")
def describe_certificate_authority(call: Call) -> dict[str, Any]:
    return {"certificateAuthority": _authority(call, call.cluster())}


@operation("ListCertificateAuthorities")
def list_certificate_authorities(call: Call) -> dict[str, Any]:
    return page(call, "certificateAuthorities", [_summary(one) for one in _authorities(call.cluster())])


@operation("DeleteCertificateAuthority")
def delete_certificate_authority(call: Call) -> dict[str, Any]:
    """ "You can't delete the certificate authority that's currently signing"; and "a successor that Amazon EKS appended
    can't be deleted while it's the only successor"."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return _answer(*earlier)
    authority = _authority(call, cluster)
    if authority["signingStatus"] != "NOT_USED":
        raise invalid_parameter(
            f"Certificate authority {authority['id']} cannot be deleted: it is {authority['signingStatus']}",
            clusterName=cluster.name,
        )
    if authority["createdBy"] == "EKS" and "activatedAt" not in authority:
        raise invalid_parameter("The only successor, appended by EKS, cannot be deleted", clusterName=cluster.name)
    if authority["distributionStatus"] == "DELETING":
        raise in_use(f"Certificate authority {authority['id']} is being deleted", clusterName=cluster.name)
    _require_active(cluster)
    former = authority["distributionStatus"]

    def apply() -> None:
        del cluster.certificate_authorities[authority["id"]], cluster.signers[authority["id"]]

    def revert() -> None:
        authority["distributionStatus"] = former

    update = _begin(call, cluster, authority, apply, revert)
    authority["distributionStatus"] = "DELETING"
    return _made(call, update, authority)


def _require_active(cluster: Cluster) -> None:
    """One update of a cluster at a time. None of these operations knows InvalidRequestException."""
    if cluster.status != "ACTIVE":
        raise in_use(f"Cluster '{cluster.name}' is not in ACTIVE status", clusterName=cluster.name)


def _require_activatable(cluster: Cluster, authority: Authority) -> None:
    problem = None
    if authority["signingStatus"] != "NOT_USED":
        problem = f"it is {authority['signingStatus']}"
    elif authority["distributionStatus"] != "COMPLETE":
        problem = f"its distribution status is {authority['distributionStatus']}"
    elif "activatedAt" in authority and not any(map(_can_go_back, cluster.certificate_authorities.values())):
        problem = "rollback is no longer available"
    if problem:
        raise invalid_parameter(
            f"Certificate authority {authority['id']} cannot be activated: {problem}", clusterName=cluster.name
        )


def _can_go_back(authority: Authority) -> bool:
    return bool(authority.get("rollbackAvailable"))


def _begin(call: Call, cluster: Cluster, authority: Authority, apply: Any, revert: Any) -> Update:
    params = {"CertificateAuthorityId": authority["id"]}
    return being_updated(call, cluster, cluster, KIND, params, durations.CERTIFICATE_AUTHORITY, apply, revert)


def _made(call: Call, update: Update, authority: Authority) -> dict[str, Any]:
    idempotency.remember(call, (update, authority))
    return _answer(update, authority)


def _answer(update: Update, authority: Authority) -> dict[str, Any]:
    return {"update": update.description, "certificateAuthority": _summary(authority)}


def _summary(authority: Authority) -> Authority:
    return {name: authority.get(name) for name in _SUMMARY}


def _authorities(cluster: Cluster) -> list[Authority]:
    return sorted(cluster.certificate_authorities.values(), key=lambda one: str(one["id"]))


def _authority(call: Call, cluster: Cluster) -> Authority:
    number = call.parameters["certificateAuthorityId"]
    if number not in cluster.certificate_authorities:
        raise not_found(f"No certificate authority found for id: {number}", clusterName=cluster.name)
    return cluster.certificate_authorities[number]


def signer_of(cluster: Cluster) -> Signer:
    """The authority that signs the certificate of the cluster's endpoint."""
    (number,) = (one["id"] for one in cluster.certificate_authorities.values() if one["signingStatus"] == "IN_USE")
    return cluster.signers[number]


def _show_signer(cluster: Cluster) -> None:
    """What DescribeCluster tells of them: "the certificate authority that is currently signing"."""
    (signer,) = (one for one in cluster.certificate_authorities.values() if one["signingStatus"] == "IN_USE")
    active = {"id": signer["id"], "activatedBy": signer["activatedBy"]}
    cluster.description["certificateAuthority"] = {"data": signer["data"], "active": active}


def _new(call: Call, cluster: Cluster, creator: str) -> Authority:
    now = call.timeline.now
    end = now + VALIDITY
    first, final = (end - before for before in AUTO_ACTIVATION)
    number, signer = str(uuid.uuid4()), Signer()
    cluster.signers[number] = signer
    return {
        "id": number,
        "createdAt": now,
        "createdBy": creator,
        "signingStatus": "NOT_USED",
        "distributionStatus": "IN_PROGRESS",
        "validity": {"notBefore": now, "notAfter": end},
        "scheduledEvents": {"firstAutoActivation": first, "finalAutoActivation": final},
        "rollbackAvailable": False,
        "data": signer.data,
    }
