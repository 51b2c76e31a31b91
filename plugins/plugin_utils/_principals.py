# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM principals behind caller ARNs, in the form that an access entry takes. Pure.

STS names the caller of an assumed role by its session, without the path of the role
(arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION); an access entry wants the role itself with its path
(EKS user guide, "Create access entries").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SESSION = re.compile(r"arn:[a-z-]+:sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")


class PrincipalError(ValueError):
    """An ARN that leads to no IAM principal. The text says what to give instead."""


def session_roles(arns: Iterable[str]) -> list[str]:
    """The names of the IAM roles whose sessions are among the ARNs, each once."""
    return list(dict.fromkeys(session["role"] for arn in arns if (session := SESSION.fullmatch(arn))))


def principals(arns: Iterable[str], roles: Iterable[Mapping[str, str]]) -> list[str]:
    """The ARNs with those of sessions replaced by the ARNs of their roles, each once.

    ``roles`` are those named by :func:`session_roles` as IAM describes them, with ``role_name`` and ``arn``.
    Raises PrincipalError for the session of a role that is not among them, and for a federated user, who is none.
    """
    known = {(role["arn"].split(":")[4], role["role_name"]): role["arn"] for role in roles}
    return list(dict.fromkeys(_principal(arn, known) for arn in arns))


def _principal(arn: str, known: Mapping[tuple[str, str], str]) -> str:
    session = SESSION.fullmatch(arn)
    if session:
        if (session["account"], session["role"]) not in known:
            raise PrincipalError(
                f"{arn} is a session of the IAM role {session['role']}, which was not found in this account; "
                "give the ARN of the role, with its path"
            )
        return known[session["account"], session["role"]]
    if ":federated-user/" in arn:
        raise PrincipalError(
            f"{arn} is a federated user, which an access entry does not take; give an IAM role or user"
        )
    return arn
