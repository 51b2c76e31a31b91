# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which proxy the machines on premises of a cluster go, and what goes by none. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError

OPTIONS = ("http", "https", "no_proxy")
LOCAL = ("localhost", "127.0.0.0/8", "169.254.169.254", ".svc", ".cluster.local")
"""What is on the host itself or in the cluster. The address is that of the metadata of instances, for which the agent
of Systems Manager would otherwise take those of a proxy that is an instance:
https://docs.aws.amazon.com/systems-manager/latest/userguide/configure-proxy-ssm-agent.html"""


def hybrid_proxy(given: Mapping[str, Any], cluster: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``http``, ``https`` and ``no_proxy`` as `hybrid_node_proxy` takes them; nothing if nothing is given.

    One address is for both. Raises UserDataError.
    """
    odd = sorted(map(str, given.keys() - set(OPTIONS))) if isinstance(given, Mapping) else [type(given).__name__]
    if odd:  # told without values, which may have a password in them
        wanted = ", ".join(OPTIONS)
        raise UserDataError(
            f"hybrid_nodes_proxy: found {', '.join(odd)}, wanted a mapping with {wanted} and nothing else"
        )
    if not given:
        return {}
    exceptions = given.get("no_proxy") or []
    if isinstance(exceptions, str):
        exceptions = [one.strip() for one in exceptions.split(",") if one.strip()]
    http, https = given.get("http") or "", given.get("https") or ""
    direct = dict.fromkeys([*LOCAL, *_networks(cluster or {}), *_private_endpoint(cluster or {}), *exceptions])
    return {"http": http or https, "https": https or http, "no_proxy": list(direct)}


def _networks(cluster: Mapping[str, Any]) -> list[str]:
    """Those of services, and of pods on premises."""
    services = (cluster.get("kubernetes_network_config") or {}).get("service_ipv4_cidr")
    pods: Sequence[Mapping[str, Any]] = (cluster.get("remote_network_config") or {}).get("remote_pod_networks") or []
    return [*([services] if services else []), *(cidr for network in pods for cidr in network.get("cidrs") or [])]


def _private_endpoint(cluster: Mapping[str, Any]) -> list[str]:
    """The host of an endpoint that has no public address: the way there is a VPN, or Direct Connect."""
    public = (cluster.get("resources_vpc_config") or {}).get("endpoint_public_access")
    host = urlsplit(cluster.get("endpoint") or "").hostname
    return [host] if public is False and host else []
