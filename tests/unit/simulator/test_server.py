# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server itself: connections that stay open, calls side by side, and what happens when the simulator has a bug."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.simulator.account import Account

from eks_simulator.operations import HANDLERS
from eks_simulator.server import Application
from eks_simulator.wire import Request
from eks_simulator.world import World

SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-central-1/eks/aws4_request, SignedHeaders=a, Signature=b"
)


def test_a_connection_serves_many_requests(account: Account) -> None:
    connection = http.client.HTTPConnection(account.sim.url.removeprefix("http://"))
    ports = set()
    for _unused in range(3):
        connection.request("GET", "/clusters", headers={"Authorization": SIGNATURE})
        assert "clusters" in json.load(connection.getresponse())
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1


def test_calls_side_by_side_are_all_answered_and_counted(account: Account) -> None:
    cluster = account.cluster()
    requests = [account.nodegroup_request(cluster) for _unused in range(20)]
    account.sim.clear_ledger()
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda request: account.eks.create_nodegroup(**request)["nodegroup"], requests))
    assert {group["status"] for group in made} == {"CREATING"}
    assert len(account.eks.list_nodegroups(clusterName=cluster)["nodegroups"]) == 20
    assert [entry["operation"] for entry in account.sim.ledger()] == ["CreateNodegroup"] * 20 + ["ListNodegroups"]


def test_a_bug_of_the_simulators_is_named_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(0)
    application = Application(world)
    monkeypatch.setitem(HANDLERS["eks"], "ListClusters", lambda call: {"ships": []})
    answer = application(Request("GET", "/clusters", {"authorization": SIGNATURE}, b""))
    assert answer.status == 500
    assert json.loads(answer.body)["message"] == "The simulator failed: KeyError: 'ships'"
    assert world.ledger.since()[-1]["error"] == "InternalFailure"
    assert "Traceback" in capsys.readouterr().err
