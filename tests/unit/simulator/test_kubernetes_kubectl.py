# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real kubectl, and the real Python client, against the API server of a simulated cluster."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, watch
from kubernetes.dynamic import DynamicClient
from unit.simulator.api_server import ApiServer, deployment

from eks_simulator.certificates import Signer
from eks_simulator.kubernetes.endpoint import Endpoint
from eks_simulator.kubernetes.types import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    NODE,
    POD,
    ROLE_BINDING,
    SECRET,
    SERVICE,
)


class Kubectl:
    """kubectl, and an API server that it talks to."""

    def __init__(self, home: Path) -> None:
        self.server = ApiServer()
        self.signer = Signer()
        self.endpoint = Endpoint(self.server.api, self.signer)
        self.home = home
        cluster = {"server": self.endpoint.url, "certificate-authority-data": self.signer.data}
        settings = {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "good"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (home / "config").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **settings}))
        (home / "config").chmod(0o600)

    def command(self, line: str) -> list[str]:
        places = ["--kubeconfig", str(self.home / "config"), "--cache-dir", str(self.home / "cache")]
        return ["kubectl", *places, *line.split()]

    def __call__(self, line: str, thing: Any = None, fails: bool = False) -> str:
        """What a command line says, with `thing` for `-f -`."""
        done = subprocess.run(
            self.command(line),
            input=json.dumps(thing),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return (done.stdout + done.stderr).strip()

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)}


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    kubectl = Kubectl(tmp_path)
    yield kubectl
    kubectl.endpoint.close()


def test_what_kubectl_encodes_as_protobuf_is_understood(kubectl: Kubectl) -> None:
    objects = kubectl.server.objects
    assert kubectl("create ns shop") == "namespace/shop created"
    kubectl("create sa robot -n shop")
    kubectl("create configmap c --from-literal=a=b")
    kubectl("create secret generic s --from-literal=a=b")
    kubectl("create deployment d --image=nginx:1.29 --replicas=2 --port=80")
    kubectl("create service nodeport v --tcp=80:web --node-port=30080")
    kubectl("create pdb p --selector=app=d --min-available=50%")
    kubectl("create clusterrole r --verb=get,list --resource=pods --resource-name=a")
    kubectl("create clusterrolebinding b --clusterrole=r --group=ops")
    kubectl("create rolebinding b --clusterrole=r --user=ann --serviceaccount=shop:robot")
    assert objects.get(CONFIG_MAP, "default", "c")["data"] == {"a": "b"}
    assert objects.get(SECRET, "default", "s")["data"] == {"a": base64.b64encode(b"b").decode()}
    made = objects.get(DEPLOYMENT, "default", "d")["spec"]
    assert (made["replicas"], made["selector"]) == (2, {"matchLabels": {"app": "d"}})
    assert made["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    (port,) = objects.get(SERVICE, "default", "v")["spec"]["ports"]
    assert (port["port"], port["targetPort"], port["nodePort"]) == (80, "web", 30080)
    assert objects.get(DISRUPTION_BUDGET, "default", "p")["spec"]["minAvailable"] == "50%"
    rule = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]}
    assert objects.get(CLUSTER_ROLE, "", "r")["rules"] == [rule]
    assert objects.get(CLUSTER_ROLE_BINDING, "", "b")["subjects"][0]["name"] == "ops"
    assert [one["kind"] for one in objects.get(ROLE_BINDING, "default", "b")["subjects"]] == ["User", "ServiceAccount"]
    assert "use `kubectl create -f` instead" in kubectl("create ingress i --rule=a/b=c:80", fails=True)


def test_kubectl_applies_in_both_ways(kubectl: Kubectl) -> None:
    web = deployment(replicas=1)
    assert kubectl("apply --dry-run=server -f -", web) == "deployment.apps/web created (server dry run)"
    assert kubectl("apply -f -", web) == "deployment.apps/web created"
    assert kubectl("apply -f -", web) == "deployment.apps/web unchanged"
    web["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.30"
    assert kubectl("apply -f -", web) == "deployment.apps/web configured"
    assert kubectl("diff -f -", web) == ""
    assert "serverside-applied" in kubectl("apply --server-side -f -", web)
    kubectl("scale deployment web --replicas=3")
    said = kubectl("apply --server-side -f -", web, fails=True)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in said
    kubectl("apply --server-side --force-conflicts -f -", web)
    assert kubectl("get deployment web -o jsonpath={.spec.replicas}") == "1"
    assert kubectl("replace -f -", web) == "deployment.apps/web replaced"
    wrong = deployment("Web")
    assert 'The Deployment "Web" is invalid: metadata.name: Invalid value' in kubectl("create -f -", wrong, fails=True)


def test_kubectl_looks_after_nodes(kubectl: Kubectl) -> None:
    objects = kubectl.server.objects
    kubectl("taint node one dedicated=a:NoSchedule")
    assert objects.get(NODE, "", "one")["spec"]["taints"][0]["key"] == "dedicated"
    kubectl.server.pod("a", app="web")
    kubectl.server.pod("b", "two", app="web")
    kubectl("create pdb web --selector=app=web --min-available=1")
    budget = objects.get(DISRUPTION_BUDGET, "default", "web")
    status = {"observedGeneration": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}
    objects.change(DISRUPTION_BUDGET, budget, status=status)
    drain = "drain one --force --grace-period=0"
    with subprocess.Popen(
        kubectl.command(drain), env=kubectl.environment, stderr=subprocess.PIPE, text=True
    ) as refused:
        assert refused.stderr is not None
        said = next(line for line in refused.stderr if line.startswith("error"))
        refused.terminate()
    assert "will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget." in said
    assert "Ready,SchedulingDisabled" in kubectl("get nodes")
    objects.change(DISRUPTION_BUDGET, budget, status={**status, "disruptionsAllowed": 1})
    assert "node/one drained" in kubectl(drain)
    assert objects.find(POD, "default", "a") is None
    assert kubectl("uncordon one") == "node/one uncordoned"


def test_kubectl_reads_changes_and_deletes(kubectl: Kubectl) -> None:
    kubectl.server.pod("a", app="web")
    assert kubectl("label pod a tier=back") == "pod/a labeled"
    assert kubectl("annotate pod a note=x") == "pod/a annotated"
    assert kubectl("get pods -l tier=back -o name") == "pod/a"
    assert kubectl("get pods --no-headers -o wide").split()[:3] == ["a", "0/1", "Running"]
    assert kubectl("wait --for=condition=Ready pod/a --timeout=10s") == "pod/a condition met"
    assert "Node:" in kubectl("describe pod a")
    assert kubectl("get pods --chunk-size=1 -A -o name") == "pod/a"
    assert 'pods "b" not found' in kubectl("get pod b", fails=True)
    assert kubectl("logs a") == ""
    assert "deleted" in kubectl("delete pod a --grace-period=0 --force")


def test_kubectl_watches(kubectl: Kubectl) -> None:
    kubectl.server.pod("a")
    command = kubectl.command("get pods --watch -o name")
    with subprocess.Popen(command, env=kubectl.environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "pod/a\n"
        with kubectl.server.cluster.lock:
            kubectl.server.pod("b")
        assert watching.stdout.readline() == "pod/b\n"
        watching.terminate()


def test_kubectl_asks_what_it_may(kubectl: Kubectl) -> None:
    kubectl.server.cluster.denied = {("delete", "nodes")}
    assert kubectl("auth can-i get pods") == "yes"
    assert kubectl("auth can-i delete nodes", fails=True).splitlines()[0] == "no"
    assert "pods" in kubectl("auth can-i --list")
    assert "ada" in kubectl("auth whoami")
    assert kubectl("get --raw /readyz") == "ok"


def test_the_python_client_reads_writes_and_watches(kubectl: Kubectl, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(base64.b64decode(kubectl.signer.data))
    settings = client.Configuration(host=kubectl.endpoint.url)
    settings.ssl_ca_cert = str(trusted)
    settings.api_key = {"authorization": "Bearer good"}
    kubectl.server.pod("a")
    with client.ApiClient(settings) as connected:
        core = client.CoreV1Api(connected)
        nodes = connected.sanitize_for_serialization(core.list_node())["items"]
        assert [node["metadata"]["name"] for node in nodes] == ["one"]
        cordoned = connected.sanitize_for_serialization(core.patch_node("one", {"spec": {"unschedulable": True}}))
        assert cordoned["spec"] == {"unschedulable": True}
        watching = watch.Watch()
        seen = []
        for event in watching.stream(core.list_namespaced_pod, "default", timeout_seconds=20):
            seen.append((event["type"], event["object"].metadata.name))
            if len(seen) == 1:
                threading.Thread(target=core.delete_namespaced_pod, args=("a", "default")).start()
            else:
                watching.stop()
        assert seen == [("ADDED", "a"), ("MODIFIED", "a")]
        with pytest.raises(client.ApiException, match="NotFound"):
            core.read_namespaced_pod("b", "default")
        dynamic = DynamicClient(connected, cache_file=str(tmp_path / "discovery"))
        deployments = dynamic.resources.get(api_version="apps/v1", kind="Deployment")
        made = deployments.server_side_apply(deployment(), namespace="default", field_manager="me")
        assert made.spec.replicas == 1
