# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``nodeadm uninstall`` takes from a host that is not its own, and what it leaves there. Pure; runs on hosts.

It removes whole directories (github.com/aws/eks-hybrid: internal/flows/uninstall.go, internal/ssm/uninstall.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

OWN: Mapping[str, str] = {
    "/root/.aws": r"credentials(\.lock)?|config",
    "/etc/amazon": r"ssm(/.*)?",
    "/etc/kubernetes": r"pki(/ca\.crt)?|kubelet(/config\.json(\.d(/.*)?)?)?|manifests",
    "/opt/cni": r"bin(/[^/]+)?",
    "/etc/eks": r"kubelet(/environment)?|image-credential-provider(/[^/]+)?|nodeadm\.d",
    "/etc/containerd": r"config\.toml|config\.d(/00-nodeadm\.toml)?|certs\.d",
}
"""The directories that are removed with all that is in them, and what of that nodeadm and its agent have put there."""
WITH_SSM = ("/root/.aws", "/etc/amazon")
"""Those of them that go only with Systems Manager's agent."""
LEFT = (
    "/usr/local/bin/nodeadm",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/cni",
    "/etc/cni/net.d",
    "/etc/sysctl.d/99-nodeadm.conf",
    "/etc/modules-load.d/containerd.conf",
    "/etc/aws/hybrid",
    "/etc/systemd/system/aws_signing_helper_update.service",
    "/var/lib/flotilla-eks",
)
"""What is left: nodeadm itself, what it does not remove, and last our own record, without which nothing is removed."""
CONTAINERDS = ("/var/lib/containerd", "/etc/modules-load.d/containerd.conf")
"""What belongs to a containerd that was there before."""
OWN_PROFILE = "default"


def foreign(found: Mapping[str, Iterable[str]], profiles: Iterable[str], *, ssm: bool) -> list[str]:
    """What would be lost that is somebody else's: ``found`` are paths by the directories of OWN, relative to them, and
    ``profiles`` the names of those in root's AWS files, of which the agent has but one."""
    lost = [
        f"{directory}/{path}"
        for directory, own in OWN.items()
        if ssm or directory not in WITH_SSM
        for path in sorted(found.get(directory, ()))
        if not re.fullmatch(own, path)
    ]
    if ssm:
        lost += [f"the profile {name} in /root/.aws" for name in sorted(set(profiles)) if name != OWN_PROFILE]
    return lost


def leftovers(present: Iterable[str], mounts: Iterable[str], *, containerd_stays: bool) -> tuple[list[str], list[str]]:
    """Of the paths that are present, those to remove, and those to leave, as something is mounted below them, or as
    they belong to a containerd that stays."""
    gone: list[str] = []
    stay: list[str] = []
    mounted = list(mounts)
    for path in present:
        busy = any(mount == path or mount.startswith(f"{path}/") for mount in mounted)
        (stay if busy or (containerd_stays and path in CONTAINERDS) else gone).append(path)
    return gone, stay
