# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises join by certificates, with IAM Roles Anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_crl

from support.hybrid_fleet import JOIN, NODES, Fleet, certified
from support.ledger import Ledger
from support.surroundings import Surroundings


def test_hosts_join_by_certificates(
    fleet: Callable[..., Fleet], tmp_path: Path, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    hosts = fleet("edge-1", "edge-2")
    hosts.variables |= certified(hosts.aws, tmp_path)
    with subtests.test("check mode tells, and does nothing"):
        hosts.run(check=True)
        hosts.machines.run("edge-1", "test", "-e", "/etc/iam", fails=True)
    with subtests.test("all become nodes under their own names, by keys that stay where they are"):
        hosts.run()
        for name in ("edge-1", "edge-2"):
            node = hosts.api.find(f"{NODES}/{name}")
            assert node is not None
            assert node["metadata"]["labels"]["eks.amazonaws.com/hybrid-credential-provider"] == "iam-ra"
            assert hosts.machines.run(name, "stat", "-c", "%a %U", "/etc/iam/pki/server.key") == "600 root\n"
    with subtests.test("the second run changes nothing, and looks at each host by few modules"):
        before = hosts.units("edge-1")
        ledger.clear()
        ran = hosts.run(arguments=["-vvv"])
        assert ran.changed == 0
        assert ledger.writes() == []
        assert {hosts.executions(ran, name) for name in ("edge-1", "edge-2")} == {7}
    with subtests.test("a certificate that ends soon is renewed, and nothing is restarted for that"):
        old, used = (hosts.machines.run(name, "cat", "/etc/iam/pki/server.pem") for name in ("edge-1", "edge-2"))
        ran = hosts.run(variables={"hybrid_nodes_renew_before_days": 400})
        assert not ran.on("edge-1")[JOIN]["changed"]
        assert hosts.machines.run("edge-1", "cat", "/etc/iam/pki/server.pem") != old
        assert hosts.units("edge-1") == before
    with subtests.test("a cluster that is not there is told by the hosts that name it"):
        host = hosts.inventory["eks_hybrid_nodes"]["hosts"]["edge-2"]
        hosts.inventory["eks_clusters"]["hosts"]["gone"] = {}
        host["eks_cluster"] = "gone"
        ran = hosts.run(fails=True)
        assert "gone" in ran.on("edge-2")["Stop where the cluster did not answer"]["msg"]
        assert [name for name, stats in ran.stats.items() if stats["failures"]] == ["edge-2"]
        host["eks_cluster"] = "prod"
    with subtests.test("keys go with the hosts, and all their certificates are revoked, those that were renewed, too"):
        new = hosts.machines.run("edge-1", "cat", "/etc/iam/pki/server.pem")
        hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"])
        assert hosts.api.find(f"{NODES}/edge-1") is None
        assert revoked(hosts.aws) == {number_of(old), number_of(new)}
        for path in ("/etc/iam", "/etc/aws/hybrid"):
            hosts.machines.run("edge-1", "test", "-e", path, fails=True)
    with subtests.test("so are those of a dead host, which only AWS knows; without the authority's key, that is told"):
        lost, known = number_of(used), revoked(hosts.aws)
        hosts.machines.run("edge-2", "systemctl", "stop", "kubelet")
        hosts.inventory["eks_hybrid_nodes"]["hosts"]["edge-2"]["ansible_host"] = "127.0.79.1"
        dead = {"hybrid_nodes_unreachable": "remove", "hybrid_nodes_drain": False}
        limited = ["--limit", "edge-2"]
        keyless = {**dead, "hybrid_nodes_ca_key": ""}
        ran = hosts.run("nodes_hybrid_leave", arguments=limited, check=True, variables=keyless)
        assert f"Certificate {lost} of edge-2 is not revoked" in ran.output
        hosts.run("nodes_hybrid_leave", arguments=limited, variables=dead)
        assert hosts.api.find(f"{NODES}/edge-2") is None
        assert revoked(hosts.aws) == known | {lost}


def number_of(pem: str) -> int:
    return load_pem_x509_certificate(pem.encode()).serial_number


def revoked(aws: Surroundings) -> set[int]:
    """The serial numbers on the one list of the trust anchor."""
    [found] = aws.anywhere.list_crls()["crls"]
    assert found["enabled"]
    return {one.serial_number for one in load_pem_x509_crl(found["crlData"])}
