# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data of Windows: PowerShell around the AMI's own bootstrap script. Pure.

https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-windows-ami.html, "Bootstrap script configuration
parameters".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import Node, UserDataError, text

_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")  # PowerShell takes each of them for the end of a '...'
_TAG = re.compile(r"<\s*/?\s*(?:powershell|script|persist)\b", re.IGNORECASE)
_BOOTSTRAP = r"& (Join-Path $env:ProgramFiles 'Amazon\EKS\Start-EKSBootstrap.ps1')"


def windows(node: Node, before: Sequence[str], after: Sequence[str]) -> str:
    """Commands that are given before, the bootstrap, and commands that are given after. Raises UserDataError."""
    arguments = {
        "EKSClusterName": node.cluster.name,
        "APIServerEndpoint": node.cluster.endpoint,
        "Base64ClusterCA": node.cluster.certificate_authority,
        "DNSClusterIP": node.only_dns("Windows"),
        "ServiceCIDR": node.cluster.service_cidr,
        "KubeletExtraArgs": " ".join(node.all_flags),
    }
    given = " ".join(f"-{name} {quoted(value)}" for name, value in arguments.items() if value)
    bootstrap = f"{_BOOTSTRAP} {given} 3>&1 4>&1 5>&1 6>&1"
    commands = [*_commands("before", before), bootstrap, *_commands("after", after)]
    return "\n".join(["<powershell>", *commands, "</powershell>", ""])


def quoted(value: str) -> str:
    """A text as PowerShell's literal of it."""
    return "'" + _QUOTES.sub(lambda quote: quote[0] * 2, value) + "'"


def _commands(where: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise UserDataError(f"{where}: Windows takes a list of PowerShell commands, each a text")
    for number, command in enumerate(given):
        if _TAG.search(command):
            raise UserDataError(f"{where}[{number}]: there is a tag in it that would end the script; leave it out")
    return [text(where, one).rstrip("\n") for one in given]
