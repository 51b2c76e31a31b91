# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nodeadm for machines on premises, with the contract and the traps of that of https://github.com/aws/eks-hybrid.

It ends with 0 where it has done nothing for lack of a tracker, which it writes at the very end of an installation; told
again, it does everything anew; and the activation code is in arguments and in errors.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from . import premises
from .hybrid_artifacts import STEPS, TRACKER, install, put, remove, ssm_unit, track, tracked
from .hybrid_config import PKI, BadConfig, load, provider_of
from .hybrid_kubelet import configure
from .hybrid_proxy import validate as validate_proxy
from .kubelet import Api
from .premises import CREDENTIALS, REGISTRATION
from .signing import call

FAULT = Path("/etc/stand-ins/nodeadm-fault")
"""``COMMAND:PLACE``: ends with 1 there, or, with ``:hang`` after it, goes on when the file is gone.
Places of install are STEPS and tracker, of init register and kubelet, of uninstall deregister. See also `ssm_agent`."""
APT = Path("/usr/local/bin/apt")
"""There where packages are to be looked at."""
RUNS = Path("/var/log/nodeadm-runs")
SYSTEMS = ("ubuntu", "rhel", "amzn")
NODE_ADDRESS = Path("/etc/stand-ins/node-ip")
FOR_CREDENTIALS = 120  # seconds
PRIVATE = "--private-mode"
HELPER = {
    "certificate": "certificatePath",
    "private-key": "privateKeyPath",
    "trust-anchor-arn": "trustAnchorArn",
    "profile-arn": "profileArn",
    "role-arn": "roleArn",
    "role-session-name": "nodeName",
}
"""The flags of the signing helper, by members of the NodeConfig."""
HELP = """nodeadm - From zero to Node faster than you can say Elastic Kubernetes Service

  Subcommands:
    config, debug, init, install, sync-artifacts, uninstall, upgrade
"""


def main() -> None:
    """One of the commands."""
    words = sys.argv[1:]
    if words == ["--version"]:
        print(f"Version: {os.environ['NODEADM_VERSION']}")
        return
    commands = {"install": _install, "init": _init, "upgrade": _upgrade, "uninstall": _uninstall}
    if not words or words[0] not in commands:
        print(HELP)
        sys.exit(0 if words and words[0] in ("--help", "-h") else 1)
    if os.geteuid() != 0:
        _fatal("must run as root")
    with RUNS.open("a") as runs:
        print(*words, file=runs)
    try:
        commands[words[0]](words[1:])
    except BadConfig as problem:
        _fatal(f"validating config: {problem}")
    except (HTTPError, URLError) as problem:
        _fatal(f"request failed: {problem}")


def _install(words: list[str]) -> None:
    version, options = _version_and_options(words, "-p", "-s", "-r", "-t", "-m")
    provider = options.get("-p")
    if provider not in ("ssm", "iam-ra"):
        _fatal("--credential-provider is a required flag. Allowed values are ssm & iam-ra")
    system = platform.freedesktop_os_release()["ID"]
    source = options.get("-s", "distro")
    if system not in SYSTEMS and not Path("/etc/stand-ins/any-system").exists():
        _fatal(f"unsupported operating system {system}")
    if (system, source) in (("rhel", "distro"), ("amzn", "docker")):
        _fatal(f"containerd source {source} is not supported on {system}")
    kubelet = _release(version, options.get("-m") or premises.data("manifest"))
    if PRIVATE in options:
        _require_packages()
        source = "none"
    said = {step: _step(step, provider, kubelet, source) for step in STEPS}
    _fault("install", "tracker")
    helper = {"Ssm": "ssm", "IamRolesAnywhere": "iam-ra"}
    del said["CredentialProvider"]
    track({**said, **{name: str(provider == one).lower() for name, one in helper.items()}})
    _log("info", "Finishing up install...")


def _step(step: str, provider: str, kubelet: str, source: str) -> str:
    said = install(step, provider, kubelet, source)
    _fault("install", step)
    return said


def _require_packages() -> None:
    """In private mode no package of the system is installed."""
    missing = [name for name in ("containerd", "runc", "iptables") if not shutil.which(name)]
    if missing:
        _fatal(f"not installed: {', '.join(missing)}")


def _init(words: list[str]) -> None:
    _version, options = _version_and_options(["none", *words], "-c", "-s", "-m")
    if not _has_tracker():
        return
    spec = load(options["-c"])
    _require_provider(spec)
    _credentials(spec)
    if "proxy-validation" not in options.get("-s", ""):
        validate_proxy(platform.freedesktop_os_release()["ID"], provider_of(spec))
    _start(spec)


def _upgrade(words: list[str]) -> None:
    version, options = _version_and_options(words, "-c", "-s", "-t", "-m")
    if not _has_tracker():
        return
    spec = load(options["-c"])
    _require_provider(spec)
    if not REGISTRATION.exists() and provider_of(spec) == "ssm":
        _fatal("node is not registered")
    _require_empty()
    said, provider = tracked(), provider_of(spec)
    kubelet = _release(version, options.get("-m") or premises.data("manifest"))
    if said["Containerd"] != "none":
        _apt("upgrade", "containerd", "-y")
    for step in STEPS[1:]:
        install(step, provider, kubelet, said["Containerd"])
        _fault("upgrade", step)
    _start(spec)


def _uninstall(words: list[str]) -> None:
    if not TRACKER.exists():
        _log("info", "Nodeadm components are already uninstalled")
        return
    skipped = " ".join(words)
    if _systemctl("is-active", "kubelet") and "node-validation" not in skipped:
        _require_empty()
    said = tracked()
    _systemctl("disable", "--now", "kubelet")
    if said["Ssm"] == "true":
        _deregister()
        _systemctl("disable", "--now", ssm_unit())
    if said["Containerd"] != "none":
        _systemctl("disable", "--now", "containerd")
        _apt("autoremove", "containerd", "-y")
    remove(said, force="-f" in words or "--force" in words)
    shutil.rmtree(TRACKER.parent)
    _systemctl("daemon-reload")


def _has_tracker() -> bool:
    """The trap of all traps: without one, the command is over, and well."""
    if not TRACKER.exists():
        _log("info", "Nodeadm components are not installed. Please run `nodeadm install`")
    return TRACKER.exists()


def _require_provider(spec: dict[str, Any]) -> None:
    if (tracked()["Ssm"] == "true") != (provider_of(spec) == "ssm"):
        _fatal("the credential provider in the NodeConfig is not the one that was installed")


def _credentials(spec: dict[str, Any]) -> None:
    if provider_of(spec) != "ssm":
        _configure_helper(spec["hybrid"]["iamRolesAnywhere"])
        return
    if not REGISTRATION.exists():
        ssm = spec["hybrid"]["ssm"]
        command = ["/usr/bin/amazon-ssm-agent", "-register", "-code", ssm["activationCode"]]
        command += ["-id", ssm["activationId"], "-region", spec["cluster"]["region"], "-y"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            _fatal(f"running register command: {' '.join(command)}: {done.stderr}")
        _fault("init", "register")
    _systemctl("daemon-reload")
    _systemctl("enable", ssm_unit())
    _systemctl("restart", ssm_unit())
    deadline = time.monotonic() + FOR_CREDENTIALS
    while not CREDENTIALS.exists():
        if time.monotonic() > deadline:
            _fatal("timed out waiting for aws config file to be created")
        time.sleep(0.1)


def _configure_helper(anywhere: dict[str, str]) -> None:
    """The profile by which the signing helper is asked for credentials; that it gives some is looked for."""
    words = ["/usr/local/bin/aws_signing_helper", "credential-process"]
    for flag, member in HELPER.items():
        words += [f"--{flag}", anywhere.get(member) or PKI[member]]
    put(str(premises.CONFIG), f"[default]\ncredential_process = {' '.join(words)}\n")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        _fatal(f"credentials: {done.stderr}")


def _start(spec: dict[str, Any]) -> None:
    """Configure and restart containerd and the kubelet, whatever they were."""
    put("/etc/containerd/config.toml", "version = 2\n")
    put("/etc/sysctl.d/99-nodeadm.conf", "net.ipv4.ip_forward=1\n")
    put("/etc/modules-load.d/containerd.conf", "overlay\nbr_netfilter\n")
    _systemctl("daemon-reload")
    _systemctl("enable", "containerd", "kubelet")
    _systemctl("restart", "containerd")
    configure(spec, NODE_ADDRESS.read_text().strip())
    _fault("init", "kubelet")
    _systemctl("restart", "kubelet")
    _log("info", "done!")


def _require_empty() -> None:
    """The Node takes no new pods; on it are none but those of DaemonSets."""
    name = Path("/etc/eks/kubelet/environment").read_text().split("--hostname-override=")[1].split()[0]
    api = Api(Path("/var/lib/kubelet/kubeconfig").read_text(), premises)
    if not api.send("GET", f"/api/v1/nodes/{name}").get("spec", {}).get("unschedulable"):
        _fatal(f"only cordoned nodes can be taken out of service: node {name} is schedulable")
    pods = api.send("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{name}")["items"]
    if any(owner["kind"] != "DaemonSet" for pod in pods for owner in pod["metadata"].get("ownerReferences", [{}])):
        _fatal(f"node {name} has pods on it that are not of DaemonSets: drain it")


def _deregister() -> None:
    if REGISTRATION.exists():
        _fault("uninstall", "deregister")
        found = json.loads(REGISTRATION.read_text())
        body = {"InstanceId": found["ManagedInstanceID"]}
        target = "AmazonSSM.DeregisterManagedInstance"
        call(premises.data("aws"), "ssm", found["Region"], target, body, premises.keys())


def _release(version: str, manifest: str) -> str:
    """The kubelet's version, by the list of releases; of a minor version, the newest."""
    with urlopen(manifest, timeout=30) as answer:
        releases: dict[str, str] = json.loads(answer.read())
    if version not in releases:
        _fatal(f"no matching release found for version {version}")
    return releases[version]


def _version_and_options(words: list[str], *known: str) -> tuple[str, dict[str, str]]:
    long = {"--credential-provider": "-p", "--containerd-source": "-s", "--region": "-r", "--timeout": "-t"}
    long |= {"--manifest-override": "-m", "--config-source": "-c", "--skip": "-s" if "-p" not in known else "-x"}
    pairs = [word for word in words if word != PRIVATE]
    if not pairs or len(pairs) % 2 == 0:
        _fatal(f"unexpected arguments: {' '.join(words)}")
    options = {long.get(name, name): value for name, value in zip(pairs[1::2], pairs[2::2], strict=True)}
    odd = options.keys() - set(known)
    if odd:
        _fatal(f"unknown flags: {', '.join(odd)}")
    if PRIVATE in words and ("-m" not in options or "-m" not in known):
        _fatal("--private-mode needs --manifest-override")
    return pairs[0], {**options, **({PRIVATE: ""} if PRIVATE in words else {})}


def _fault(command: str, place: str) -> None:
    fault = FAULT.read_text().strip() if FAULT.exists() else ""
    if fault.startswith(f"{command}:{place}"):
        if fault.endswith(":hang"):
            while FAULT.exists():
                time.sleep(0.1)
            return
        _fatal(f"{command} was stopped at {place}")


def _apt(*words: str) -> None:
    if APT.exists():
        subprocess.run([str(APT), *words], check=True, capture_output=True)


def _systemctl(*words: str) -> bool:
    return not subprocess.run(["systemctl", *words], capture_output=True, check=False).returncode


def _log(level: str, message: str, **fields: Any) -> None:
    print(json.dumps({"level": level, "ts": time.time(), "msg": message, **fields}), file=sys.stderr)


def _fatal(problem: str) -> NoReturn:
    _log("fatal", "Command failed", error=problem)
    sys.exit(1)


if __name__ == "__main__":
    main()
