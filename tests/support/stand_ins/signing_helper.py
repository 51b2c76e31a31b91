# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signing helper of IAM Roles Anywhere, with the one command that nodeadm uses.

https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from support.anywhere_client import credentials, session

from .premises import data


def main() -> None:
    """credential-process with its flags; credentials on standard output."""
    if sys.argv[1:2] != ["credential-process"]:
        sys.exit("unknown command")
    flags = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    certificate = load_pem_x509_certificate(Path(flags["--certificate"]).read_bytes())
    key = load_pem_private_key(Path(flags["--private-key"]).read_bytes(), None)
    status, answer = session(
        data("aws"),
        certificate,
        key,  # type: ignore[arg-type]
        body={"roleSessionName": flags["--role-session-name"]},
        trustAnchorArn=flags["--trust-anchor-arn"],
        profileArn=flags["--profile-arn"],
        roleArn=flags["--role-arn"],
    )
    if status != 201:
        sys.exit(f"{status}: {answer}")
    found = credentials(answer)
    told = {
        "Version": 1,
        "AccessKeyId": found["access_key_id"],
        "SecretAccessKey": found["secret_access_key"],
        "SessionToken": found["session_token"],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
