# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the instance boot what joins this cluster? Its AMI and its user data against the live cluster. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Case,
    Evidence,
    Finding,
    blocking,
    kubernetes_version,
    suspicious,
)
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    AL2,
    AUTHORITY,
    CLUSTER,
    FORM,
    SERVICE_CIDR,
    Told,
    certificate,
    fingerprint,
)

MOST_BEHIND = 3  # https://kubernetes.io/releases/version-skew-policy/#kubelet
WRITE_ANEW = (
    "write it with the filter flotilla.eks.node_user_data from what flotilla.eks.cluster returns, in a new version of "
    "the launch template, and replace the instances (flotilla.eks.roll)"
)
_PLAIN = ("al2023-ami-", "amzn2-ami-", "ubuntu/images/", "Windows_Server-", "bottlerocket-aws-ecs-")


def image(case: Case, evidence: Evidence) -> Iterator[Finding]:
    found, name = evidence.image_of(case), str(evidence.image_of(case).get("name") or "")
    choose = "choose an AMI for EKS with the lookup flotilla.eks.ami, and replace the instances (flotilla.eks.roll)"
    if not found:
        yield suspicious(
            "the AMI of the instance is not there any more, so nothing is known of it, and no further instance can be "
            "launched from it",
            f"DescribeImages finds no {case.image_id}",
            choose,
        )
    elif evidence.family_of(case) == AL2:
        yield suspicious(
            "the AMI is of Amazon Linux 2, which is at its end: there is none for Kubernetes 1.33 and newer",
            f"{case.image_id} is {name}",
            choose,
        )
    elif name.startswith(_PLAIN) and "EKS_Optimized" not in name:
        yield blocking(
            "the AMI is none for EKS: it has neither a kubelet nor a bootstrap",
            f"{case.image_id} is {name}",
            choose,
        )


def version_skew(case: Case, evidence: Evidence) -> Iterator[Finding]:
    found, wanted = kubernetes_version(evidence.image_of(case)), str(evidence.cluster.get("version") or "")
    if not found or not wanted:
        return
    ahead = _minor(found) - _minor(wanted)
    told = f"{case.image_id} ({evidence.image_of(case).get('name')}) is for {found}, the cluster is at {wanted}"
    fix = f"take an AMI for {wanted} (lookup flotilla.eks.ami), and replace the instances (flotilla.eks.roll)"
    if ahead > 0:
        yield blocking(
            "the kubelet is newer than the cluster, which Kubernetes does not support",
            told,
            f"{fix}; or upgrade the cluster first",
        )
    elif ahead < -MOST_BEHIND:
        yield blocking(
            f"the kubelet is {-ahead} minor versions older than the cluster; Kubernetes supports {MOST_BEHIND}",
            told,
            fix,
        )


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def user_data_form(case: Case, evidence: Evidence) -> Iterator[Finding]:
    yield from _problems(case, FORM, "the user data is not as the AMI's bootstrap wants it")


def user_data_cluster(case: Case, evidence: Evidence) -> Iterator[Finding]:
    yield from _problems(case, CLUSTER, "the user data does not say which cluster to join")
    told, endpoint = case.told or Told(), str(evidence.cluster.get("endpoint") or "")
    if told.cluster_name and told.cluster_name != evidence.name:
        yield blocking(
            "the user data names another cluster",
            f"it says {told.cluster_name}, the instance is tagged for {evidence.name}",
            WRITE_ANEW,
        )
    if told.endpoint and endpoint and _plain(told.endpoint) != _plain(endpoint):
        yield blocking(
            "the user data names another endpoint than the cluster's, as when a cluster was made again",
            f"it says {told.endpoint}, the cluster's is {endpoint}",
            WRITE_ANEW,
        )


def user_data_ca(case: Case, evidence: Evidence) -> Iterator[Finding]:
    yield from _problems(case, AUTHORITY, "the user data has no valid certificate authority")
    told = case.told.authority if case.told else ""
    live = str(pick(evidence.cluster, "certificate_authority.data") or "")
    found, wanted = certificate(told), certificate(live)
    if found and wanted and found.split() != wanted.split():
        yield blocking(
            "the user data has the certificate authority of another cluster, so the kubelet trusts this one not (x509)",
            f"it has {fingerprint(told)}, the cluster's is {fingerprint(live)}",
            WRITE_ANEW,
        )


def user_data_service_cidr(case: Case, evidence: Evidence) -> Iterator[Finding]:
    yield from _problems(case, SERVICE_CIDR, "the user data has no valid range of the services")
    told, live = case.told or Told(), _service_cidr(evidence)
    if not live:
        return
    if told.service_cidr and not _same(told.service_cidr, live):
        yield blocking(
            "the user data has another range of services than the cluster, so pods on the node would ask a DNS that "
            "is not there",
            f"it says {told.service_cidr}, the cluster's is {live}",
            WRITE_ANEW,
        )
    strange = [address for address in told.cluster_dns if not _is_dns_of(address, live)]
    if strange:
        yield suspicious(
            "the DNS that the user data tells the kubelet of is not among the cluster's services",
            f"it says {', '.join(strange)}, the services are in {live}",
            WRITE_ANEW,
        )


def _service_cidr(evidence: Evidence) -> str:
    config = evidence.cluster.get("kubernetes_network_config") or {}
    family = "ipv6" if config.get("ip_family") == "ipv6" else "ipv4"
    return str(config.get(f"service_{family}_cidr") or "")


def _same(one: str, other: str) -> bool:
    try:
        return ip_network(one) == ip_network(other)
    except ValueError:
        return True  # that it is no network is told by itself


def _is_dns_of(address: str, services: str) -> bool:
    """In the range of the services, or link-local, as a cache on the node is."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.is_link_local or found in ip_network(services)


def _plain(endpoint: str) -> str:
    return endpoint.rstrip("/").removesuffix(":443").lower()


def _problems(case: Case, about: str, problem: str) -> Iterator[Finding]:
    for one in case.told.problems if case.told else ():
        if one.about == about:
            yield (blocking if one.fatal else suspicious)(problem, one.text, WRITE_ANEW)


def max_pods(case: Case, evidence: Evidence) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html"""
    told = case.told.max_pods if case.told else None
    network = (evidence.instance_types.get(str(case.instance.get("instance_type"))) or {}).get("network_info") or {}
    interfaces, addresses = network.get("maximum_network_interfaces"), network.get("ipv4_addresses_per_interface")
    if told is None or not interfaces or not addresses or _has_prefixes(evidence):
        return
    most = interfaces * (addresses - 1) + 2
    if told > most:
        yield suspicious(
            "the node takes more pods than its interfaces have addresses for, and the network plugin does not use "
            "prefixes: pods would stay in ContainerCreating",
            f"max pods is {told}, a {case.instance['instance_type']} has addresses for {most}",
            f"set max_pods to {most} at most, or ENABLE_PREFIX_DELEGATION of the add-on vpc-cni to true",
        )


def _has_prefixes(evidence: Evidence) -> bool:
    """Whether prefixes are on; IPv6 clusters have nothing else."""
    containers = pick(evidence.cni or {}, "spec.template.spec.containers") or []
    switches = [one for container in containers for one in container.get("env") or []]
    on = any(one.get("name") == "ENABLE_PREFIX_DELEGATION" and one.get("value") == "true" for one in switches)
    return on or pick(evidence.cluster, "kubernetes_network_config.ip_family") == "ipv6"
