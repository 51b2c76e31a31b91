# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What user data tells a node that boots from it, and what is wrong with it: the words of all families. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

AL2023, BOTTLEROCKET, WINDOWS, UBUNTU, AL2 = "al2023", "bottlerocket", "windows", "ubuntu", "al2"
FAMILY_NAMES = {
    AL2023: "Amazon Linux 2023",
    BOTTLEROCKET: "Bottlerocket",
    WINDOWS: "Windows",
    UBUNTU: "Ubuntu",
    AL2: "Amazon Linux 2",
}
FORM, CLUSTER, AUTHORITY, SERVICE_CIDR = "form", "cluster", "authority", "service_cidr"
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class Problem:
    """Something that keeps a node from joining, or, not ``fatal``, that is not taken for what it seems to say.

    ``about`` is one of FORM, CLUSTER, AUTHORITY, SERVICE_CIDR.
    """

    about: str
    text: str
    fatal: bool = True


@dataclass(frozen=True)
class Told:
    """What user data says. An empty text, or None, is what it does not say, or says only when it runs.

    ``family`` is what it is written for, of FAMILY_NAMES; empty where nothing tells. ``taints`` have key, value and
    effect.
    """

    family: str = ""
    cluster_name: str = ""
    endpoint: str = ""
    authority: str = ""
    service_cidr: str = ""
    cluster_dns: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None
    taints: tuple[Mapping[str, str], ...] = ()
    max_pods: int | None = None
    instance_id_names: bool = False
    problems: tuple[Problem, ...] = ()


def is_certificate(encoded: str) -> bool:
    """Whether a text is a certificate in PEM form, encoded in base64."""
    return certificate(encoded) is not None


def certificate(encoded: str) -> bytes | None:
    """The PEM in a text that is base64 of one; None if it is none."""
    try:
        decoded = base64.b64decode("".join(encoded.split()), validate=True).strip()
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.startswith(_CERTIFICATE) else None


def fingerprint(encoded: str) -> str:
    """Enough of a certificate's digest to tell it from another."""
    return f"sha256 {hashlib.sha256(certificate(encoded) or encoded.encode()).hexdigest()[:16]}"


def authority_problems(where: str, encoded: str) -> Iterator[Problem]:
    if encoded and not is_certificate(encoded):
        if encoded.lstrip().startswith(_CERTIFICATE.decode()):
            yield Problem(AUTHORITY, f"{where} is a certificate as it is; it has to be encoded in base64")
        else:
            yield Problem(AUTHORITY, f"{where} is no certificate in PEM form, encoded in base64")


def missing(where: str, about: str, found: Mapping[str, Any], key: str) -> Iterator[Problem]:
    """That a key is missing, with the one that may have been meant for it."""
    if not found.get(key):
        alike = next((one for one in found if str(one).lower() == key.lower() and one != key), None)
        yield Problem(
            about, f"{where}.{key} is missing" + (f"; {alike} is there, which is another key" if alike else "")
        )


def flag_values(flags: Iterable[Any], name: str) -> list[str]:
    """The values of a flag of the kubelet, each as ``--name=value``."""
    return [str(flag).partition("=")[2] for flag in flags if str(flag).startswith(f"--{name}=")]


def labels_in(flags: Iterable[Any]) -> dict[str, str]:
    pairs = [pair.partition("=") for value in flag_values(flags, "node-labels") for pair in value.split(",") if pair]
    return {key: value for key, _equals, value in pairs}


def taints_in(flags: Iterable[Any]) -> tuple[Mapping[str, str], ...]:
    written = [one for value in flag_values(flags, "register-with-taints") for one in value.split(",") if one]
    return tuple(taint(*one.rpartition(":")[::2]) for one in written)


def taint(key_and_value: str, effect: str) -> Mapping[str, str]:
    key, _equals, value = key_and_value.partition("=")
    return {"key": key, "value": value, "effect": effect}


def max_pods_in(flags: Iterable[Any]) -> int | None:
    return count(next(iter(flag_values(flags, "max-pods")[-1:]), None))


def count(value: Any) -> int | None:
    """A number that may be written as a text; None if it is none."""
    return int(value) if str(value).isdecimal() and not isinstance(value, bool) else None


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, empty where there is something else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """A list, empty where there is something else."""
    return value if isinstance(value, (list, tuple)) else []


def text(value: Any) -> str:
    """A text, empty where there is something else."""
    return value if isinstance(value, str) else ""
