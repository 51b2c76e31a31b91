# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real modules of kubernetes.core against the API server of a simulated cluster: no change the second time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.simulator.api_server import ApiServer, deployment

from eks_simulator.certificates import Signer
from eks_simulator.kubernetes.endpoint import Endpoint
from eks_simulator.kubernetes.types import DEPLOYMENT, DISRUPTION_BUDGET, POD
from support.playbook import Playbook


class Core:
    """Runs modules of kubernetes.core against a server."""

    def __init__(self, directory: Path) -> None:
        self.server = ApiServer()
        signer = Signer()
        self.endpoint = Endpoint(self.server.api, signer)
        (directory / "ca.pem").write_bytes(base64.b64decode(signer.data))
        self._access = {"host": self.endpoint.url, "api_key": "good", "ca_cert": str(directory / "ca.pem")}
        self._playbook = Playbook(directory, {"TMPDIR": str(directory)})  # where discovery is cached

    def run(self, *tasks: tuple[str, str, dict[str, Any]], check: bool = False) -> dict[str, dict[str, Any]]:
        """The results of tasks, each a name, a module and its options; a task may fail."""
        written = [
            {"name": name, f"kubernetes.core.{module}": {**self._access, **options}, "ignore_errors": True}
            for name, module, options in tasks
        ]
        return self._playbook.tasks(*written, check=check).results

    def writes(self) -> list[str]:
        """The verbs of the requests that changed something."""
        seen = [what.verb for what, how in self.server.cluster.recorded if how.status < 400 and not how.idle]
        return [verb for verb in seen if verb not in ("get", "list", "watch")]


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path)
    yield core
    core.endpoint.close()


def test_kubernetes_core_makes_changes_and_drains(core: Core) -> None:
    web = {**deployment(), "metadata": {"name": "web", "namespace": "default"}}
    applied = {"definition": web, "apply": True, "server_side_apply": {"field_manager": "me"}}
    assert core.run(("Make", "k8s", {"definition": web}), check=True)["Make"]["changed"]
    assert core.writes() == []
    core.server.pod("a", app="web")
    selector = {"matchLabels": {"app": "web"}}
    budget = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"minAvailable": 1, "selector": selector}}
    status = {"observedGeneration": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}
    core.server.objects.create(DISRUPTION_BUDGET, {**budget, "status": status})
    results = core.run(
        ("Make", "k8s", {"definition": web}),
        ("Make again", "k8s", {"definition": web}),
        ("Apply", "k8s", applied),
        ("Drain", "k8s_drain", {"name": "one", "delete_options": {"force": True}}),
        ("Uncordon", "k8s_drain", {"name": "one", "state": "uncordon"}),
        ("Remove", "k8s", {"definition": web, "state": "absent"}),
    )
    changed = {name for name, result in results.items() if result["changed"]}
    assert changed == {"Make", "Apply", "Uncordon", "Remove"}
    assert "Cannot evict pod as it would violate the pod's disruption budget" in results["Drain"]["msg"]
    assert core.server.objects.find(POD, "default", "a")
    assert core.server.objects.find(DEPLOYMENT, "default", "web") is None
