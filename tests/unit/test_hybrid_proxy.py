# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts are told of a proxy, on every system, and what of it is ours."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import nodeadm
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy import (
    APT,
    ENVIRONMENT,
    MARK,
    NAMES,
    File,
    Plan,
    Proxy,
    drop_in,
    lacking,
    plan,
    problems,
    stale,
    units,
    variables_in,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import adopt, in_environment, silent
from ansible_collections.flotilla.eks.plugins.plugin_utils._hybrid_proxy import LOCAL, hybrid_proxy
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError

URL = "http://proxy.example.com:3128"
SECRET = "http://edge:p%40ss@proxy.example.com:3128"
OPEN = Proxy(URL, URL, ["localhost", "10.100.0.0/16"])
CLOSED = Proxy(SECRET, SECRET, ["localhost"])
DNF, YUM = "/etc/dnf/dnf.conf", "/etc/yum.conf"
MAIN = "[main]\ngpgcheck=True\nbest=True\n"
KUBELET = "/etc/systemd/system/kubelet.service.d/http-proxy.conf"
CONTAINERD = "/usr/lib/systemd/system/containerd.service.d/http-proxy.conf"
SNAP_AGENT = "/etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service.d/http-proxy.conf"
AGENT = "/etc/systemd/system/amazon-ssm-agent.service.d/http-proxy.conf"


def carried_out(todo: Plan, found: dict[str, File]) -> dict[str, File]:
    """The files after a plan was carried out."""
    return {path: file for path, file in {**found, **todo.write}.items() if path not in todo.remove}


@pytest.mark.parametrize(
    ("system", "provider", "found", "paths"),
    [
        ("ubuntu", "ssm", {}, {APT, KUBELET, CONTAINERD, SNAP_AGENT, drop_in("snapd.service"), ENVIRONMENT}),
        ("ubuntu", "iam_roles_anywhere", {}, {APT, KUBELET, CONTAINERD, ENVIRONMENT}),
        ("rhel", "ssm", {YUM: File(MAIN, 0o644)}, {YUM, KUBELET, CONTAINERD, AGENT, ENVIRONMENT}),
        ("amzn", "ssm", {DNF: File(MAIN, 0o644)}, {DNF, KUBELET, CONTAINERD, AGENT, ENVIRONMENT}),
        ("amzn", "ssm", {}, {DNF, KUBELET, CONTAINERD, AGENT, ENVIRONMENT}),
    ],
)
@pytest.mark.parametrize("proxy", [OPEN, CLOSED, Proxy("", URL), Proxy(URL, "")])
def test_all_is_written_that_nodeadm_demands_and_all_of_it_goes(
    system: str, provider: str, found: dict[str, File], paths: set[str], proxy: Proxy
) -> None:
    todo = plan(proxy, system, provider, found)
    assert (todo.problems, todo.remove) == ([], [])
    helper = {drop_in("aws_signing_helper_update.service")} if provider == "iam_roles_anywhere" else set()
    assert set(todo.write) == paths | helper
    assert {file.mode for file in todo.write.values()} == {0o600 if proxy is CLOSED else 0o644}
    there = carried_out(todo, found)
    assert lacking(proxy, system, provider, there) == []
    assert lacking(proxy, system, provider, found) != []
    assert plan(proxy, system, provider, there) == Plan()
    assert carried_out(plan(None, system, provider, there), there) == found


def test_systemd_reads_no_values_but_from_the_file_of_root() -> None:
    """Environment= would be shown to every user, and a percent sign taken for something else."""
    todo = plan(CLOSED, "ubuntu", "ssm", {})
    effective = [line for line in todo.write[KUBELET].text.splitlines() if not line.startswith("#")]
    assert effective == ["[Service]", f"EnvironmentFile={ENVIRONMENT}"]
    assert variables_in(todo.write[ENVIRONMENT].text) == CLOSED.variables
    assert CLOSED.variables["HTTPS_PROXY"] == CLOSED.variables["https_proxy"] == SECRET
    assert todo.write[APT].text == f'{MARK}\nAcquire::http::Proxy "{SECRET}";\nAcquire::https::Proxy "{SECRET}";\n'


def test_a_password_closes_a_file_of_others_for_as_long_as_it_is_there() -> None:
    found = {DNF: File(MAIN, 0o640)}
    closed = carried_out(plan(CLOSED, "amzn", "ssm", found), found)
    assert closed[DNF].mode == 0o600
    assert closed[DNF].text.startswith("[main]\n# BEGIN flotilla.eks proxy, mode 640\nproxy=" + SECRET)
    opened = carried_out(plan(OPEN, "amzn", "ssm", closed), closed)
    assert (opened[DNF].mode, SECRET in opened[DNF].text) == (0o640, False)
    assert carried_out(plan(None, "amzn", "ssm", opened), opened) == found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (APT, 'Acquire::http::Proxy "http://me:secret@other:80";\n'),
        (KUBELET, "[Service]\nEnvironment=HTTP_PROXY=http://me:secret@other:80\n"),
        (DNF, f"{MAIN}proxy = http://me:secret@other:80\n"),
        (DNF, f"{MAIN}proxy = {URL}\n"),
    ],
)
def test_what_others_say_of_another_proxy_is_an_error_without_their_password(path: str, text: str) -> None:
    found = {path: File(text, 0o644)}
    system = "amzn" if path == DNF else "ubuntu"
    todo = plan(OPEN, system, "ssm", found)
    assert [problem.split(" ")[0] for problem in todo.problems] == [path]
    assert "secret" not in todo.problems[0]
    assert plan(None, system, "ssm", found) == Plan()


def test_what_others_say_of_this_proxy_stays_theirs() -> None:
    theirs = {
        APT: File(f'Acquire::http::Proxy "{URL}";\nAcquire::https::Proxy "{URL}";\n', 0o644),
        KUBELET: File(f"[Service]\nEnvironment=HTTP_PROXY={URL} HTTPS_PROXY={URL}\n", 0o644),
    }
    there = carried_out(plan(OPEN, "ubuntu", "ssm", theirs), theirs)
    assert there.items() >= theirs.items()
    assert lacking(OPEN, "ubuntu", "ssm", there) == []
    assert carried_out(plan(None, "ubuntu", "ssm", there), there) == theirs
    yum = {YUM: File(f"{MAIN}proxy={URL}\n", 0o644)}
    assert YUM not in plan(OPEN, "rhel", "ssm", yum).write


@pytest.mark.parametrize(
    ("proxy", "text"),
    [
        (Proxy("proxy.example.com:3128", ""), "http: 'proxy.example.com:3128' is no address of a proxy"),
        (Proxy(URL, "https://edge:secret@proxy:3128"), "https: 'proxy:3128' is no address of a proxy"),
        (Proxy("http://edge:sec ret@proxy:3128", ""), "http: 'proxy:3128' is no address"),
        (Proxy('http://edge:"secret@proxy', ""), "http: 'proxy' is no address"),
        (Proxy(f"{URL}\nFOO=secret", ""), "is no address"),
        (Proxy("", ""), "neither http nor https"),
        (Proxy(URL, URL, ["a,b"]), "no_proxy: 'a,b' is no name"),
    ],
)
def test_what_is_no_proxy_is_told_without_its_password(proxy: Proxy, text: str) -> None:
    found = problems(proxy)
    assert len(found) == 1
    assert text in found[0]
    assert "edge:" not in found[0]


@pytest.mark.parametrize("url", [URL, SECRET, "http://[fd00::1]:3128/", "http://10.0.0.7:8080", "http://token@proxy"])
def test_these_are_proxies(url: str) -> None:
    assert problems(Proxy(url, url, ["localhost", ".svc", "10.0.0.0/8", "[fd00:ec2::254]"])) == []


@pytest.mark.parametrize(
    ("running", "before", "wanted", "answer"),
    [
        ({"PATH": "/bin"}, {}, OPEN.variables, True),
        ({"PATH": "/bin", **OPEN.variables}, OPEN.variables, OPEN.variables, False),
        (OPEN.variables, CLOSED.variables, CLOSED.variables, True),
        (OPEN.variables, OPEN.variables, {}, True),
        ({"PATH": "/bin"}, OPEN.variables, {}, False),
        ({"HTTP_PROXY": "http://of-others"}, OPEN.variables, {}, False),
        (OPEN.variables, {}, {}, False),
    ],
)
def test_only_what_runs_with_something_else_is_restarted(
    running: dict[str, str], before: dict[str, str], wanted: dict[str, str], answer: bool
) -> None:
    assert stale(running, before, wanted) is answer


def test_a_kubelet_is_looked_at_after_its_containerd() -> None:
    """systemd restarts it with that."""
    assert units("rhel", "ssm") == ["containerd.service", "kubelet.service", "amazon-ssm-agent.service"]


CLUSTER: dict[str, Any] = {
    "endpoint": "https://abc.gr7.eu-central-1.eks.amazonaws.com",
    "kubernetes_network_config": {"service_ipv4_cidr": "10.100.0.0/16"},
    "remote_network_config": {"remote_pod_networks": [{"cidrs": ["10.90.0.0/16", "10.91.0.0/16"]}]},
    "resources_vpc_config": {"endpoint_public_access": True},
}


def test_what_must_not_go_through_the_proxy_is_told_by_the_cluster() -> None:
    given = {"https": URL, "no_proxy": ["registry.example.com", "localhost"]}
    made = hybrid_proxy(given, CLUSTER)
    assert (made["http"], made["https"]) == (URL, URL)
    assert made["no_proxy"] == [*LOCAL, "10.100.0.0/16", "10.90.0.0/16", "10.91.0.0/16", "registry.example.com"]
    private = {**CLUSTER, "resources_vpc_config": {"endpoint_public_access": False}}
    assert "abc.gr7.eu-central-1.eks.amazonaws.com" in hybrid_proxy(given, private)["no_proxy"]
    assert hybrid_proxy({"http": URL, "no_proxy": "a.example, b.example"})["no_proxy"] == [
        *LOCAL,
        "a.example",
        "b.example",
    ]
    assert hybrid_proxy({}, CLUSTER) == {}
    wanted = "wanted a mapping with http, https, no_proxy and nothing else"
    cases: list[tuple[Any, str]] = [({"proxy": SECRET, "https": SECRET}, "proxy"), (SECRET, "str")]
    for wrong, found in cases:
        with pytest.raises(UserDataError, match=f"^hybrid_nodes_proxy: found {found}, {wanted}$"):
            hybrid_proxy(wrong)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that names no proxy, and is as it was afterwards."""
    for name in NAMES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_what_is_started_goes_by_the_proxy_alone(environment: None) -> None:
    os.environ["no_proxy"] = "everything.example"
    adopt({})
    assert os.environ["no_proxy"] == "everything.example"
    adopt(Proxy("", SECRET).variables)
    assert {name: os.environ[name] for name in NAMES if name in os.environ} == {
        "HTTPS_PROXY": SECRET,
        "https_proxy": SECRET,
    }
    assert in_environment() == Proxy("", SECRET)


def test_what_nodeadm_says_of_the_proxy_is_told_without_its_password(
    environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "nodeadm"
    program.write_text('#!/bin/sh\necho "{\\"level\\":\\"fatal\\",\\"error\\":\\"no $HTTPS_PROXY\\"}"; exit $1\n')
    program.chmod(0o755)
    monkeypatch.setattr(nodeadm, "NODEADM", program)
    adopt(CLOSED.variables)
    with pytest.raises(Failed, match="no http://") as failure:
        nodeadm.nodeadm("1", timeout=30)
    for told in (str(failure.value), nodeadm.nodeadm("0", timeout=30)):
        assert "proxy.example.com" in told
        assert "p%40ss" not in told


def test_a_proxy_that_is_silent_is_told_without_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://edge:p%40ss@127.0.0.1:{server.getsockname()[1]}"
        assert silent(Proxy(url, url)) == ""
    told = silent(Proxy(url, url))
    assert told.startswith(f"the proxy {url.rpartition('@')[2]} does not answer (")
    assert silent(None) == ""
