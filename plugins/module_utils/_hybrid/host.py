# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nodeadm for machines on premises has made of the host that this runs on. Only looks. Runs on hosts.

Paths: github.com/aws/eks-hybrid (internal).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import os_release, said, text, unit
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import ARTIFACTS, TRACKER, Installation
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.leave import LEFT, OWN
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import version_in

NODEADM = Path("/usr/local/bin/nodeadm")
RECORDS = Path("/var/lib/flotilla-eks")
RECORD = RECORDS / "hybrid-install.json"
"""What was there before the first installation was begun."""
UPGRADE = RECORDS / "hybrid-upgrade.json"
"""There from the beginning of an upgrade until the node serves again; ``done`` tells whether nodeadm has ended."""
REGISTRATION = Path("/var/lib/amazon/ssm/registration")
CREDENTIALS = (Path("/root/.aws/credentials"), Path("/root/.aws/config"))
_SNAP = "snap.amazon-ssm-agent.amazon-ssm-agent.service"
_PROFILE = re.compile(r"^\s*\[(?:profile\s+)?([^\]]+?)\s*\]", re.MULTILINE)


def installation() -> Installation:
    """What is installed, wholly or in part."""
    present = [name for name, path in ARTIFACTS.items() if os.path.exists(path)]
    return Installation(text(Path(TRACKER)), present, record().get("containerd_before"))


def record() -> dict[str, Any]:
    """Our own record of the installation; empty if there is none."""
    try:
        found = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def has_containerd() -> bool:
    return bool(shutil.which("containerd"))


def nodeadm_version() -> str:
    """Empty if there is no nodeadm that tells it."""
    return version_in(said(str(NODEADM), "--version"))


def instance_id() -> str:
    """What Systems Manager knows the host by; empty if it is not registered."""
    try:
        return str(json.loads(REGISTRATION.read_text(encoding="utf-8"))["ManagedInstanceID"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def agent_unit() -> str:
    """The unit of Systems Manager's agent, which Ubuntu has as a snap."""
    return _SNAP if os_release().get("ID") == "ubuntu" else "amazon-ssm-agent.service"


def agent_is_active() -> bool:
    return unit("ActiveState", name=agent_unit()).get("ActiveState") == "active"


def owned() -> dict[str, list[str]]:
    """All below the directories that nodeadm removes, relative to them."""
    found: dict[str, list[str]] = {}
    for directory in OWN:
        paths = [path.relative_to(directory) for path in Path(directory).rglob("*")]
        found[directory] = [str(path) for path in paths]
    return found


def profiles() -> list[str]:
    """The names of the profiles in root's AWS files."""
    return [name for path in CREDENTIALS for name in _PROFILE.findall(text(path))]


def left() -> list[str]:
    """The paths of LEFT that are there."""
    return [path for path in LEFT if os.path.lexists(path)]


def mounts() -> Sequence[str]:
    """Where something is mounted."""
    return [line.split(" ")[1] for line in text(Path("/proc/mounts")).splitlines()]
