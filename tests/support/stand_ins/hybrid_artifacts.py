# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodeadm for machines on premises installs, step by step, and what it takes away again."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from . import premises

TRACKER = Path("/opt/nodeadm/tracker")
PROGRAM = '#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/opt exec /usr/bin/python3 -m stand_ins.{name} "$@"\n'
NOTHING = "#!/bin/sh\nexec sleep infinity\n"
KUBELET_VERSION = Path("/etc/stand-ins/kubelet-version")
CONTAINERD = Path("/usr/bin/containerd")
SSM_AGENT = Path("/usr/bin/amazon-ssm-agent")
_UNIT = """[Unit]
Description={description}
{needs}
[Service]
{environment}
ExecStart={command}
Restart=on-failure
RestartSec=1
KillMode=process
[Install]
WantedBy=multi-user.target
"""
UNITS = Path("/etc/systemd/system")
STEPS = (
    "Containerd",
    "Iptables",
    "CredentialProvider",
    "Kubelet",
    "Kubectl",
    "CniPlugins",
    "ImageCredentialProvider",
    "IamAuthenticator",
)
"""In their order (internal/flows/install.go)."""
REMOVED = (
    "/etc/kubernetes",
    "/opt/cni",
    "/etc/eks",
    "/etc/containerd",
    "/usr/bin/kubelet",
    "/usr/local/bin/kubectl",
    "/usr/local/bin/aws-iam-authenticator",
    "/etc/systemd/system/kubelet.service",
)
REMOVED_WITH_SSM = ("/root/.aws", "/etc/amazon", "/opt/ssm", "/var/lib/amazon/ssm", "/usr/bin/amazon-ssm-agent")
REMOVED_WITH_ROLES_ANYWHERE = ("/eks-hybrid", "/usr/local/bin/aws_signing_helper")
FORCED = ("/var/lib/cni", "/etc/cni/net.d")


def ssm_unit() -> str:
    """Ubuntu has the agent as a snap."""
    snap = platform.freedesktop_os_release()["ID"] == "ubuntu"
    return "snap.amazon-ssm-agent.amazon-ssm-agent.service" if snap else "amazon-ssm-agent.service"


def install(step: str, provider: str, kubelet: str, source: str) -> str:
    """Carry a step out; what the tracker is to say of it."""
    if step == "Containerd":
        return _install_containerd(source)
    if step == "CredentialProvider":
        _install_provider(provider)
    elif step == "Kubelet":
        put("/usr/bin/kubelet", PROGRAM.format(name="kubelet"), 0o755)
        KUBELET_VERSION.write_text(kubelet)
        environment = "EnvironmentFile=/etc/eks/kubelet/environment"
        command = "/usr/bin/kubelet $NODEADM_KUBELET_ARGS"
        _unit("kubelet.service", "Kubernetes Kubelet", command, environment, "Requires=containerd.service")
    elif step == "Kubectl":
        put("/usr/local/bin/kubectl", NOTHING, 0o755)
    elif step == "CniPlugins":
        put("/opt/cni/bin/loopback", NOTHING, 0o755)
    elif step == "ImageCredentialProvider":
        put("/etc/eks/image-credential-provider/ecr-credential-provider", NOTHING, 0o755)
    elif step == "IamAuthenticator":
        put("/usr/local/bin/aws-iam-authenticator", NOTHING, 0o755)
    return "true"


def track(said: Mapping[str, str]) -> None:
    """Write down what is installed, at the very end."""
    put(str(TRACKER), "\n".join(["Artifacts:", *(f"  {name}: {value}" for name, value in said.items()), ""]))


def tracked() -> dict[str, str]:
    """What the tracker says."""
    lines = (line.partition(": ") for line in TRACKER.read_text().splitlines())
    return {name.strip(): value.strip() for name, colon, value in lines if colon}


def remove(said: Mapping[str, str], *, force: bool) -> None:
    """Take away what the tracker says, but for the containerd that was there before."""
    paths = [*REMOVED]
    paths += REMOVED_WITH_SSM if said["Ssm"] == "true" else REMOVED_WITH_ROLES_ANYWHERE
    paths += [str(UNITS / ssm_unit())] if said["Ssm"] == "true" else []
    paths += [str(CONTAINERD), str(UNITS / "containerd.service")] if said["Containerd"] != "none" else []
    for path in [*paths, *(FORCED if force else ())]:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            Path(path).unlink(missing_ok=True)


def put(path: str, text: str, mode: int = 0o644) -> None:
    """A file, with the directories above it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).unlink(missing_ok=True)
    Path(path).write_text(text)
    Path(path).chmod(mode)


def _install_containerd(source: str) -> str:
    """One that is there is left alone for ever (trap: also one that an interrupted install has put there)."""
    if source == "none" or CONTAINERD.exists():
        return "none"
    put(str(CONTAINERD), NOTHING, 0o755)
    _unit("containerd.service", "containerd container runtime", str(CONTAINERD))
    return source


def _install_provider(provider: str) -> None:
    if provider == "ssm":  # always from the bucket of the region, whatever the list of releases says (trap)
        with urlopen(f"{premises.data('bucket')}/ssm-setup-cli", timeout=30) as answer:
            put("/opt/ssm/ssm-setup-cli", answer.read().decode(), 0o755)
        put(str(SSM_AGENT), PROGRAM.format(name="ssm_agent"), 0o755)
        put("/etc/amazon/ssm/amazon-ssm-agent.json", '{"Identity": {"CredentialRetryMaxSleepSeconds": 60}}\n')
        _unit(ssm_unit(), "amazon-ssm-agent", str(SSM_AGENT))
    else:
        put("/usr/local/bin/aws_signing_helper", PROGRAM.format(name="signing_helper"), 0o755)


def _unit(name: str, description: str, command: str, environment: str = "", needs: str = "") -> None:
    text = _UNIT.format(description=description, command=command, environment=environment, needs=needs)
    put(str(UNITS / name), text)
