# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nodeadm has installed on a host, and what is to be done about it. Pure, and runs on hosts.

nodeadm writes a tracker of what it has installed, at the very end. Without it, the host is not installed, whatever is
there, and nodeadm's other commands do nothing and end with 0. With it, another ``nodeadm install`` would note that
containerd was there before, and never care for it again. (github.com/aws/eks-hybrid: internal/tracker, internal/flows)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SSM, ROLES_ANYWHERE = "ssm", "iam_roles_anywhere"
PROVIDERS = {SSM: "ssm", ROLES_ANYWHERE: "iam-ra"}
"""Credential providers, and what nodeadm calls them."""
SOURCES = ("distro", "docker", "none")
TRACKER = "/opt/nodeadm/tracker"
ARTIFACTS = {
    "Kubelet": "/usr/bin/kubelet",
    "Kubectl": "/usr/local/bin/kubectl",
    "CniPlugins": "/opt/cni/bin",
    "ImageCredentialProvider": "/etc/eks/image-credential-provider",
    "IamAuthenticator": "/usr/local/bin/aws-iam-authenticator",
    "Ssm": "/opt/ssm",
    "IamRolesAnywhere": "/usr/local/bin/aws_signing_helper",
}
"""By their names in the tracker, what nodeadm puts where."""
_LINE = re.compile(r"^\s+([A-Za-z]+):\s*[\"']?([A-Za-z]+)[\"']?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Installation:
    """What is there: the text of the tracker, those of ARTIFACTS whose files are there, and whether containerd was
    there before nodeadm came, as our own record has it: None if it has not."""

    tracker: str
    artifacts: Sequence[str]
    containerd_before: bool | None = None

    @property
    def complete(self) -> bool:
        return bool(self.tracker)

    @property
    def half_finished(self) -> bool:
        return not self.tracker and bool(self.artifacts)

    @property
    def provider(self) -> str:
        """The credential provider that was installed; empty if nothing was."""
        said = tracked(self.tracker)
        if said.get("ssm") == "true":
            return SSM
        return ROLES_ANYWHERE if said.get("iamrolesanywhere") == "true" else ""


def reasons(installation: Installation, provider: str) -> list[str]:
    """Why nodeadm has to install, none if it must not. Raises ValueError if it cannot become what is wanted."""
    if installation.complete:
        if installation.provider not in ("", provider):
            raise ValueError(
                f"its credential provider is {installation.provider}, which nodeadm cannot change to {provider}: have "
                "the host leave its cluster first (hybrid_nodes_state: absent)"
            )
        return []
    if installation.half_finished:
        return [f"an installation was not finished: {', '.join(installation.artifacts)} without {TRACKER}"]
    return ["nothing is installed"]


def source_for(system: str) -> str:
    """Where containerd comes from, if nobody says: nodeadm has none from the distribution for RHEL."""
    return "docker" if system == "rhel" else "distro"


def tracked(tracker: str) -> dict[str, str]:
    """What a tracker says, by names in lower case."""
    return {name.lower(): value.lower() for name, value in _LINE.findall(tracker)}


def mended(installation: Installation, source: str) -> str:
    """The tracker as it should be. A second attempt finds the containerd that the first one has put there, and takes it
    for somebody else's; that is known only if our record tells that there was none before."""
    taken = tracked(installation.tracker).get("containerd") == "none" and source != "none"
    if not taken or installation.containerd_before is not False:
        return installation.tracker
    return re.sub(r"(?im)^(\s+containerd:\s*).*$", rf"\g<1>{source}", installation.tracker)


def finished(installation: Installation, source: str) -> str:
    """The tracker that nodeadm would have written of what is there, so that it takes it away again."""
    if installation.complete:
        return installation.tracker
    lines = {name: str(name in installation.artifacts).lower() for name in ARTIFACTS}
    own = "none" if installation.containerd_before is not False else source
    told: Mapping[str, str] = {"Containerd": own, **lines, "Iptables": "false"}
    return "\n".join(["Artifacts:", *(f"  {name}: {value}" for name, value in told.items()), ""])
