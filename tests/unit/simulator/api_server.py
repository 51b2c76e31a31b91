# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server without a cluster: nothing happens but what a test asks for."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from eks_simulator.kubernetes.api import Api
from eks_simulator.kubernetes.control import Attributes, Outcome, User
from eks_simulator.kubernetes.errors import ApiError
from eks_simulator.kubernetes.objects import Object, Objects
from eks_simulator.kubernetes.types import NAMESPACE, NODE, POD, SERVICE_ACCOUNT
from eks_simulator.wire import Request, Response

NOW = datetime(2026, 11, 6, tzinfo=UTC)
_INFO = (
    "architecture bootID containerRuntimeVersion kernelVersion kubeProxyVersion kubeletVersion machineID"
    " operatingSystem osImage systemUUID"
)
NODE_INFO = dict.fromkeys(_INFO.split(), "v1.32.3")
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JSON, MERGE, STRATEGIC, APPLY = (
    f"application/{form}" for form in ("json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
)


@dataclass
class Cluster:
    """The Control of a cluster in which everybody with the token `good` is `ada`, who may do all but what is in
    `denied`: pairs of verb and resource."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    kubernetes: str = "1.32"
    denied: set[tuple[str, str]] = field(default_factory=set)
    injected: dict[str, Any] = field(default_factory=dict)
    recorded: list[tuple[Attributes, Outcome]] = field(default_factory=list)

    def version(self) -> str:
        return self.kubernetes

    def service_cidr(self) -> str:
        return "10.100.0.0/16"

    def now(self) -> datetime:
        return NOW

    def settle(self) -> None:
        """Nothing is ever due."""

    def authenticate(self, token: str) -> User:
        if token != "good":
            raise ApiError("Unauthorized", "Unauthorized")
        return User("ada", ("system:authenticated",))

    def permits(self, user: User, attributes: Attributes) -> bool:
        return (attributes.verb, attributes.resource or attributes.path) not in self.denied

    def rules(self, user: User, namespace: str) -> list[dict[str, Any]]:
        return [
            {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["get"], "nonResourceURLs": ["/version"]},
        ]

    def kubelet_obstacle(self, node: Object) -> str:
        return ""

    def fault(self, attributes: Attributes) -> dict[str, Any]:
        return self.injected

    def record(self, user: User | None, attributes: Attributes, outcome: Outcome) -> None:
        self.recorded.append((attributes, outcome))


class ApiServer:
    """An Api with the namespaces default and web, each with its default service account, and a node."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.objects = Objects(self.cluster.now)
        self.api = Api(self.objects, self.cluster)
        for name in ("default", "web"):
            self.objects.create(NAMESPACE, {"metadata": {"name": name}, "status": {"phase": "Active"}})
            self.objects.create(SERVICE_ACCOUNT, {"metadata": {"name": "default", "namespace": name}})
        ready = {"type": "Ready", "status": "True"}
        status = {"conditions": [ready], "nodeInfo": NODE_INFO, "addresses": []}
        self.objects.create(NODE, {"metadata": {"name": "one"}, "spec": {}, "status": status})

    def request(
        self, method: str, target: str, body: Any = None, media: str = JSON, accept: str = JSON, token: str = "good"
    ) -> Response:
        headers = {"accept": accept, "content-type": media, "user-agent": "test/1"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return self.api(Request(method, target, headers, content))

    def ask(self, method: str, target: str, body: Any = None, status: int = 200, **more: str) -> Any:
        """What a request is answered; the test fails if not with this status."""
        response = self.request(method, target, body, **more)
        assert response.status == status, response.body
        return json.loads(response.body)

    def pod(self, name: str, node: str = "one", **labels: str) -> Object:
        """A pod that runs and is Ready."""
        metadata = {"name": name, "namespace": "default", "labels": labels}
        spec = {"containers": [{"name": "main", "image": "nginx"}], "nodeName": node}
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        return self.objects.create(POD, {"metadata": metadata, "spec": spec, "status": status})


def deployment(name: str = "web", **spec: Any) -> Object:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "nginx:1.29", "ports": [{"containerPort": 80}]}]},
    }
    wanted = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": wanted}


def config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
