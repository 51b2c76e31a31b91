# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of Systems Manager: it registers the host, and as a service keeps credentials for it.

https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-ssm-agent-install-linux.html
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

from .premises import CREDENTIALS, REGISTRATION, ask

FAULT = Path("/etc/stand-ins/nodeadm-fault")
"""Once, before it registers: with ``agent:stolen``, strangers take all that is left of the activation; with
``agent:expired``, its time runs out."""
VAULT = Path("/var/lib/amazon/ssm/Vault/Store/RegistrationKey")
SEEN = Path("/run/stand-ins/codes")
"""The codes that it was told, so that a test can look for them elsewhere."""
RENEW = 60  # seconds
TRY_AGAIN = 1  # second


def main() -> None:
    """Register (-register -code C -id I -region R), or run for ever."""
    words = sys.argv[1:]
    if "-register" in words:
        options = {word: words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-code", "-id", "-region")}
        _register(options["-id"], options["-code"])
    else:
        _serve()


def _register(activation: str, code: str) -> None:
    SEEN.parent.mkdir(exist_ok=True)
    with SEEN.open("a") as seen:
        print(code, file=seen)
    _meet_with_fate(activation, code)
    body = {"activation_id": activation, "activation_code": code, "computer_name": socket.gethostname()}
    try:
        made = ask("managed-instances", body)
    except HTTPError as refused:
        sys.exit(f"ERROR Registration failed due to error registering the instance: {refused.read().decode()}")
    VAULT.parent.mkdir(parents=True, exist_ok=True)
    VAULT.touch(0o600)
    VAULT.write_text(made["agent_key"])
    REGISTRATION.write_text(json.dumps({"ManagedInstanceID": made["instance_id"], "Region": made["region"]}))


def _meet_with_fate(activation: str, code: str) -> None:
    fault = FAULT.read_text().strip() if FAULT.exists() else ""
    if fault == "agent:stolen":
        stranger = {"activation_id": activation, "activation_code": code, "computer_name": "stranger"}
        with suppress(HTTPError):
            while True:
                ask("managed-instances", stranger)
    elif fault == "agent:expired":
        ask("clock/advance", {"seconds": 6 * 24 * 3600})
    else:
        return
    FAULT.unlink()


def _serve() -> None:
    while True:
        try:
            number = json.loads(REGISTRATION.read_text())["ManagedInstanceID"]
            _write(ask("managed-instances/credentials", {"instance_id": number, "agent_key": VAULT.read_text()}))
        except (OSError, KeyError) as problem:
            print(f"no credentials: {problem}", flush=True)
            time.sleep(TRY_AGAIN)
        else:
            time.sleep(RENEW)


def _write(keys: dict[str, str]) -> None:
    lines = [f"aws_{name} = {keys[name]}" for name in ("access_key_id", "secret_access_key", "session_token")]
    CREDENTIALS.parent.mkdir(mode=0o700, exist_ok=True)
    new = CREDENTIALS.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(["[default]", *lines, ""]))
    new.replace(CREDENTIALS)


if __name__ == "__main__":
    main()
