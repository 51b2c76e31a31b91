# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts outside of AWS that are registered with Systems Manager, as it describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, portions
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values

UNKNOWN = "InvalidInstanceId"
PAGE = 50  # the most that a page may hold
FILTER_VALUES = 50  # the most that a filter may hold


def by_ids(client: Client, ids: Sequence[str]) -> list[Values]:
    """Those of the ids that are registered. Raises AwsError."""
    return _by_values(client, "InstanceIds", ids)


def by_activations(client: Client, ids: Sequence[str]) -> list[Values]:
    """Those that registered with the activations of these ids. Raises AwsError."""
    return _by_values(client, "ActivationIds", ids)


def by_tags(client: Client, tags: Mapping[str, str]) -> list[Values]:
    """Those that carry all the tags, which no other filter goes together with. Raises AwsError."""
    return _described(client, {f"tag:{key}": [value] for key, value in tags.items()})


def all_of_them(client: Client) -> list[Values]:
    """All, without the EC2 instances that Systems Manager knows. Raises AwsError."""
    return _described(client, {"ResourceType": ["ManagedInstance"]})


def _by_values(client: Client, key: str, values: Sequence[str]) -> list[Values]:
    return [found for some in portions(values, FILTER_VALUES) for found in _described(client, {key: some})]


def _described(client: Client, wanted: Mapping[str, Sequence[str]]) -> list[Values]:
    filters = [{"Key": key, "Values": list(values)} for key, values in wanted.items()]
    try:
        return client.listed(
            "ssm", "DescribeInstanceInformation", "InstanceInformationList", Filters=filters, MaxResults=PAGE
        )
    except AwsError as error:
        if error.code == UNKNOWN:
            return []
        raise
