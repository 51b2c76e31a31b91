# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the credentials of a task to the Kubernetes API of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import COMING, NoWay, cluster_of
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import Tokens, make_token
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._session import connect

Keys = dict[str, str]


def kubernetes_for(module: Any, name: str, description: Values | None = None, role_arn: str = "") -> Kubernetes:
    """The API of a cluster for an AnsibleAWSModule, by its credentials or as a role; read-only in check mode.

    Without a description, the cluster is described. Raises NoWay, and AwsError; the requests raise KubernetesError.
    """
    client = client_for(module)
    known = description if description and description.get("endpoint") else described(client, name)
    cluster = cluster_of(name, known)
    sign = signer(
        partial(connect, module),
        client_for(module, region=cluster.region),
        cluster.identifier,
        cluster.region,
        role_arn,
    )

    def hidden() -> str:
        token = sign()
        module.no_log_values.add(token)
        return token

    return Kubernetes(cluster.api, Tokens(hidden), read_only=module.check_mode)


def described(client: Client, name: str) -> Values:
    """The cluster as DescribeCluster returns it. Raises NoWay if there is none, and AwsError."""
    found = client.find("eks", "DescribeCluster", name=name)
    if found is None:
        raise NoWay(
            f"EKS cluster {name!r} does not exist in region {client.region}: check cluster_name, region and the "
            "account of the credentials, or create it with flotilla.eks.cluster"
        )
    cluster: Values = found["cluster"]
    return cluster


def there(client: Client, name: str) -> bool:
    """Whether there is a cluster whose API can be asked, now or after what is done to it. Raises AwsError."""
    found = client.find("eks", "DescribeCluster", name=name)
    return found is not None and found["cluster"]["status"] not in COMING


def signer(
    connect: Callable[..., Any], client: Client, cluster: str, region: str, role_arn: str = "", session: str = ""
) -> Callable[[], str]:
    """Makes a token for a cluster each time, by the credentials of ``connect``, or as a role that is assumed for it.

    ``connect(service, **connection)`` makes a botocore client. ``cluster`` is the name, on Outposts the id. ``session``
    is what the session of the role is called. What is returned raises NoWay.
    """

    def sign() -> str:
        keys = _assumed(client, cluster, role_arn, session or f"flotilla-eks-{cluster}") if role_arn else {}
        try:
            return make_token(connect("sts", region=region, **keys), cluster)
        except BotoCoreError as error:
            raise NoWay(f"EKS cluster {cluster!r}: no token could be signed: {error}") from None

    return sign


def _assumed(client: Client, cluster: str, role_arn: str, session: str) -> Keys:
    """The keys of a session of an IAM role, as a botocore client takes them."""
    try:
        answer = client.read("sts", "AssumeRole", RoleArn=role_arn, RoleSessionName=session[:64])
    except AwsError as error:
        raise NoWay(f"EKS cluster {cluster!r}: role_arn {role_arn} cannot be assumed: {error}") from None
    keys = answer["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
