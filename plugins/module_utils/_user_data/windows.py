# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PowerShell tells the bootstrap script of the AMIs of Windows. Pure.

https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-windows-ami.html, "Bootstrap script configuration
parameters".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    CLUSTER,
    FORM,
    Problem,
    Told,
    authority_problems,
    labels_in,
    max_pods_in,
    taints_in,
)

_SCRIPT = "Start-EKSBootstrap.ps1"
_QUOTES = "'\u2018\u2019\u201a\u201b"  # PowerShell takes each of them for the end of a '...'
_ARGUMENT = re.compile(
    r"-(EKSClusterName|APIServerEndpoint|Base64ClusterCA|DNSClusterIP|ServiceCIDR|KubeletExtraArgs)[ \t]+(?:"
    rf"[{_QUOTES}](?P<literal>(?:[^{_QUOTES}]|[{_QUOTES}]{{2}})*)[{_QUOTES}]"
    r'|"(?P<text>[^"]*)"|(?P<word>[^\s\'"]+))',
    re.IGNORECASE,
)


def read_windows(document: str) -> Told:
    _before, _script, call = document.partition(_SCRIPT)
    given = {match[1].lower(): _value(match) for match in _ARGUMENT.finditer(call)}
    flags = given.get("kubeletextraargs", "").split()
    dns = given.get("dnsclusterip", "")
    return Told(
        cluster_name=given.get("eksclustername", ""),
        endpoint=given.get("apiserverendpoint", ""),
        authority=given.get("base64clusterca", ""),
        service_cidr=given.get("servicecidr", ""),
        cluster_dns=(dns,) if dns else (),
        labels=labels_in(flags),
        taints=taints_in(flags),
        max_pods=max_pods_in(flags),
        problems=tuple(_problems(document, call, given)),
    )


def _value(match: re.Match[str]) -> str:
    """The value of an argument; none of one that PowerShell works out when it runs."""
    if match["literal"] is not None:
        return re.sub(f"([{_QUOTES}])[{_QUOTES}]", r"\1", match["literal"])
    found = match["text"] if match["text"] is not None else match["word"]
    return "" if "$" in found else found


def _problems(document: str, call: str, given: Mapping[str, str]) -> Iterator[Problem]:
    for tag in ("<powershell>", "</powershell>"):
        if tag not in document.lower():
            yield Problem(FORM, f"there is no {tag}, between which and its like EC2Launch looks for a script")
    if not call:
        yield Problem(FORM, f"it does not call {_SCRIPT}, so the instance joins no cluster")
    elif "eksclustername" not in given:
        yield Problem(CLUSTER, f"{_SCRIPT} is called without -EKSClusterName")
    yield from authority_problems("-Base64ClusterCA", given.get("base64clusterca", ""))
