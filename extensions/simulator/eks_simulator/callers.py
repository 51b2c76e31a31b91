# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callers of AWS: which IAM principal is behind an access key, and the secret that it signs with."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .moto_setup import moto_backend

USER = "simulator"
"""The IAM user behind every access key that was not made in the simulated IAM."""
_DERIVATION = b"eks-simulator"


@dataclass(frozen=True)
class Identity:
    """Who makes a call: the ARN of a user or role, and for a role the name of its session.

    `secret` is the key that the caller signs with, empty if the simulator cannot know it; `session_token` is what
    temporary credentials come with, `expires` their end in real time.
    """

    arn: str
    unique_id: str
    session: str = ""
    secret: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    expires: datetime | None = None

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def told(self) -> str:
        """The ARN by which AWS tells of the caller: that of the session, if it is one."""
        if not self.session:
            return self.arn
        partition, name = self.arn.split(":")[1], self.arn.rpartition("/")[2]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{name}/{self.session}"


def make_key() -> tuple[str, str]:
    """A new access key, id and secret, for clients of the simulator. The secret follows from the id, and the end of the
    id from its beginning: so the simulator knows both again without keeping them."""
    beginning = "AKIA" + secrets.token_hex(4).upper()
    key = beginning + _derived(beginning)[:8].upper()
    return key, _derived(key)[:40]


def identity_of(access_key: str, account: str, partition: str) -> Identity:
    """The identity behind an access key: the role that a session was made from, or a user.

    A key that nobody made is one of the user `simulator`, who comes into being with it: so sts:GetCallerIdentity,
    iam:GetUser and the creator of a cluster are the same principal, and one that exists.
    """
    for sts in moto_backend("sts").values():
        session = sts[partition].get_assumed_role_from_access_key(access_key)
        if session:
            secret, token = session.secret_access_key, session.session_token
            expires = session.expiration.replace(tzinfo=UTC)
            return Identity(session.role_arn, session.user_id, session.session_name, secret, token, expires)
    iam = moto_backend("iam")[account][partition]
    user = iam.get_user_from_access_key_id(access_key) or _own_user(iam, access_key)
    return Identity(user.arn, user.id, secret=iam.access_keys[access_key].secret_access_key)


def new_session(role_arn: str, name: str, seconds: int, region: str) -> Any:
    """A session of a role, as moto keeps it, with its credentials. Who may have it is for others to say."""
    _arn, partition, _iam, _region, account, _role = role_arn.split(":", 5)
    return moto_backend("sts")[account][partition].assume_role(
        region_name=region,
        role_session_name=name,
        role_arn=role_arn,
        policy="",
        duration=seconds,
        external_id="",
    )


def keys_of(session: Any) -> dict[str, str]:
    """The credentials of a session, as hosts get them."""
    return {
        "access_key_id": session.access_key_id,
        "secret_access_key": session.secret_access_key,
        "session_token": session.session_token,
        "expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _own_user(iam: Any, access_key: str) -> Any:
    user = iam.users.get(USER) or iam.create_user("us-east-1", USER)
    key = user.create_access_key(prefix="AKIA")
    key.access_key_id = access_key
    key.secret_access_key = _derived(access_key)[:40] if _is_ours(access_key) else ""
    iam.access_keys[access_key] = key
    return user


def _is_ours(access_key: str) -> bool:
    return access_key[12:] == _derived(access_key[:12])[:8].upper()


def _derived(text: str) -> str:
    return hmac.new(_DERIVATION, text.encode(), hashlib.sha256).hexdigest()
