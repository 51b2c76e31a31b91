# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is so on the EC2 instance that this runs on, as far as nodes are concerned. Only looks. Runs on hosts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_preflight import flavour
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import (
    endpoint_problem,
    joined,
    kubelet_version,
    os_release,
    said,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.imds import Imds, ImdsError

NODEADM = "/usr/bin/nodeadm"
NODE_CONFIG = "node.eks.aws"
"""What a NodeConfig has in it, and user data without one have not."""


def facts(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What the checks of `_ec2_preflight` judge: all but ``cluster`` and ``roles``."""
    return {
        "uid": os.geteuid(),
        "systemd": Path("/run/systemd/system").is_dir(),
        "os": os_release(),
        "nodeadm": flavour(said(NODEADM, "--help")),
        "kubelet_version": kubelet_version(),
        "imds": instance(),
        "endpoint": endpoint_problem(cluster),
        "joined": joined(),
    }


def instance() -> dict[str, Any]:
    """Which instance this is: ``problem``, or instance_id, region, zone, account, role and has_node_config."""
    try:
        imds = Imds()
        identity = imds.identity()
        return {
            "problem": None,
            "instance_id": identity["instanceId"],
            "region": identity["region"],
            "zone": identity["availabilityZone"],
            "account": identity["accountId"],
            "role": imds.role(),
            "has_node_config": NODE_CONFIG in (imds.find("user-data") or ""),
        }
    except ImdsError as error:
        return {"problem": str(error)}
    except KeyError as error:
        return {"problem": f"the instance identity document has no {error}"}
