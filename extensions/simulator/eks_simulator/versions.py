# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes versions that EKS offers, and DescribeClusterVersions.

Dates: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html (the release calendar, spring 2026).
The newest version of that calendar is the default. What a version's support is follows from simulated time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import invalid_parameter, invalid_request
from .operations import Call, operation
from .paging import page


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class KubernetesVersion:
    """A minor version: its newest patch, its platform version, and its dates."""

    name: str
    patch: str
    platform: str
    released: datetime
    standard_until: datetime
    extended_until: datetime

    def support(self, now: datetime) -> str:
        """STANDARD_SUPPORT, EXTENDED_SUPPORT or UNSUPPORTED."""
        if now < self.standard_until:
            return "STANDARD_SUPPORT"
        return "EXTENDED_SUPPORT" if now < self.extended_until else "UNSUPPORTED"


_CALENDAR = [
    KubernetesVersion("1.29", "1.29.15", "eks.61", _day("2024-01-23"), _day("2025-03-23"), _day("2026-03-23")),
    KubernetesVersion("1.30", "1.30.14", "eks.58", _day("2024-05-23"), _day("2025-07-23"), _day("2026-07-23")),
    KubernetesVersion("1.31", "1.31.13", "eks.50", _day("2024-09-26"), _day("2025-11-26"), _day("2026-11-26")),
    KubernetesVersion("1.32", "1.32.9", "eks.34", _day("2025-01-23"), _day("2026-03-23"), _day("2027-03-23")),
    KubernetesVersion("1.33", "1.33.5", "eks.27", _day("2025-05-29"), _day("2026-07-29"), _day("2027-07-29")),
    KubernetesVersion("1.34", "1.34.2", "eks.13", _day("2025-10-02"), _day("2026-12-02"), _day("2027-12-02")),
    KubernetesVersion("1.35", "1.35.0", "eks.3", _day("2026-01-27"), _day("2027-03-27"), _day("2028-03-27")),
]
VERSIONS = {version.name: version for version in _CALENDAR}
DEFAULT_VERSION = "1.35"

_PLAIN_STATUS = {
    "STANDARD_SUPPORT": "standard-support",
    "EXTENDED_SUPPORT": "extended-support",
    "UNSUPPORTED": "unsupported",
}


def minor(version: str) -> int:
    """The minor number of a version: 33 of "1.33"."""
    return int(version.partition(".")[2])


def require_supported(call: Call, version: str) -> KubernetesVersion:
    """The version named, if clusters can be made with it ("any version offered in standard or extended support",
    user guide). Raises InvalidParameterException (AWS's wording)."""
    known = VERSIONS.get(version)
    if known is None or known.support(call.now) == "UNSUPPORTED":
        raise invalid_parameter("unsupported Kubernetes version", clusterName=call.get("name"))
    return known


@operation("DescribeClusterVersions")
def describe_cluster_versions(call: Call) -> dict[str, Any]:
    """Newest first; without includeAll only those that are supported."""
    if call.get("clusterType", "eks") != "eks":
        raise invalid_parameter(f"Unknown cluster type: {call.get('clusterType')}")
    if call.get("status") and call.get("versionStatus"):
        raise invalid_request("Specify versionStatus or the deprecated status, not both.")
    wanted = call.get("clusterVersions")
    for name in wanted or ():
        if name not in VERSIONS:
            raise invalid_parameter(f"Unknown cluster version: {name}")
    shown = [_information(call, version) for version in reversed(_CALENDAR)]
    if wanted:
        shown = [entry for entry in shown if entry["clusterVersion"] in wanted]
    if call.get("defaultOnly"):
        shown = [entry for entry in shown if entry["defaultVersion"]]
    if call.get("versionStatus") or call.get("status"):
        sought = {call.get("versionStatus"), call.get("status")}
        shown = [entry for entry in shown if {entry["versionStatus"], entry["status"]} & sought]
    elif not (wanted or call.get("includeAll")):
        shown = [entry for entry in shown if entry["versionStatus"] != "UNSUPPORTED"]
    return page(call, "clusterVersions", shown)


def _information(call: Call, version: KubernetesVersion) -> dict[str, Any]:
    support = version.support(call.now)
    return {
        "clusterVersion": version.name,
        "clusterType": "eks",
        "defaultPlatformVersion": version.platform,
        "defaultVersion": version.name == DEFAULT_VERSION,
        "releaseDate": version.released,
        "endOfStandardSupportDate": version.standard_until,
        "endOfExtendedSupportDate": version.extended_until,
        "status": _PLAIN_STATUS[support],
        "versionStatus": support,
        "kubernetesPatchVersion": version.patch,
    }
