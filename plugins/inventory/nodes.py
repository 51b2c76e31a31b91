# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EKS clusters and their nodes as an inventory, over the join of module nodes_info."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodes
version_added: 0.1.0
short_description: Amazon EKS clusters and all their nodes as hosts
author: flotilla.eks contributors (!UNKNOWN)
description:
  - Finds the clusters of regions and accounts, and makes a host of each cluster and of each of its nodes, whatever
    their kind, with all that M(flotilla.eks.nodes_info) returns about a node in variables that begin with C(eks_).
  - Nodes are in the group C(eks_nodes), and in C(eks_cluster_NAME), C(eks_kind_KIND), C(eks_group_GROUP),
    C(eks_zone_ZONE), C(eks_version_VERSION) and C(eks_status_STATUS). An instance that should be a node and is none is
    a host too, in C(eks_status_not_joined), since it is the one to look at. C(eks_cluster) names the cluster's host.
  - Clusters are in the group C(eks_clusters_found). They are not in C(eks_clusters), which the playbooks of this
    collection change and remove. Use O(groups) to put those there that you mean.
  - No name of a host stands for two. A cluster whose name several have is called C(NAME.REGION), or
    C(NAME.REGION.ACCOUNT) if even that is not enough, and a node whose name others have C(NAME.CLUSTER).
  - The configuration file has to end in C(eks_nodes.yml) or C(eks_nodes.yaml).
  - The caller needs what M(flotilla.eks.nodes_info) needs, and C(eks:ListClusters).
notes:
  - What AWS and Kubernetes tell is never taken for a template.
  - Who may change a label, a tag or the name of a group can put hosts into groups.
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices:
      - flotilla.eks.nodes
  regions:
    description: The regions to look into. Omitted, that of O(region).
    type: list
    elements: str
    default: []
  accounts:
    description:
      - The accounts to look into. Omitted, that of the credentials.
      - An empty dictionary is the account of the credentials, too, to have it beside others.
    type: list
    elements: dict
    default: []
    suboptions:
      role_arn:
        description: ARN of a role in that account, which is assumed with the credentials, or with those of the profile.
        type: str
      external_id:
        description: The external id that the role asks for, if it does.
        type: str
      profile:
        description: AWS profile whose credentials lead to the account.
        type: str
      regions:
        description: The regions to look into there. Omitted, those of O(regions).
        type: list
        elements: str
  clusters:
    description: Patterns as in a shell, one of which the name of a cluster has to match.
    type: list
    elements: str
    default: ["*"]
  kinds:
    description: The kinds of node to make hosts of. Omitted, all.
    type: list
    elements: str
    choices:
      - managed
      - self_managed
      - auto
      - fargate
      - hybrid
    default: []
  hostname:
    description:
      - What a node is called, by its name in Kubernetes or by the id of its instance, which for a hybrid node may be
        C(mi-...\).
      - What has no such id is called by its name, and what has not joined by its id.
    type: str
    choices:
      - name
      - instance_id
    default: name
  address:
    description:
      - What C(ansible_host) is. With V(ssm) it is the id of the instance or the managed instance, and the connection is
        C(amazon.aws.aws_ssm), which needs its C(ansible_aws_ssm_bucket_name) besides.
      - A node without such an address gets none. C(ansible_aws_ssm_instance_id) and C(ansible_aws_ssm_region) are set
        in any case.
    type: str
    choices:
      - private_ip
      - private_dns
      - public_ip
      - ssm
    default: private_ip
  skip_unreachable:
    description:
      - What to do about a cluster whose Kubernetes API does not answer, or refuses the caller. With V(true) there is a
        warning, and a host for the cluster alone. With V(false) the whole inventory fails.
      - A cluster that is being created or deleted is never asked, and has no nodes.
    type: bool
    default: false
seealso:
  - module: flotilla.eks.nodes_info
extends_documentation_fragment:
  - inventory_cache
  - constructed
  - flotilla.eks.boto
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
"""

EXAMPLES = r"""
---
# inventory/eks_nodes.yml: all nodes of all clusters of one region, in the groups that everybody needs
plugin: flotilla.eks.nodes
regions: [eu-central-1]
---
# Two regions of this account and one of another, kept for a quarter of an hour; nodes are reached through SSM
plugin: flotilla.eks.nodes
regions: [eu-central-1, us-east-1]
accounts:
  - {}
  - role_arn: arn:aws:iam::210987654321:role/inventory
    external_id: flotilla
    regions: [eu-west-1]
address: ssm
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/eks-nodes
cache_timeout: 900
---
# Groups by a label and of all that is broken, and the teams' own clusters for the playbooks of this collection
plugin: flotilla.eks.nodes
clusters: ["shop-*"]
keyed_groups:
  - key: eks_labels['example.com/team']
    prefix: team
groups:
  broken: eks_kind != 'cluster' and not eks_ready
  eks_clusters: eks_kind == 'cluster' and eks_tags.team | default('') == 'shop'
compose:
  ansible_user: "'ec2-user' if eks_kind == 'managed' else 'ops'"
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import signer
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import REACHABLE, cluster_of
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import Tokens
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.read import read
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import join
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS
from ansible_collections.flotilla.eks.plugins.plugin_utils._inventory import OF_CLUSTER, Host, checked, hosts


class Place:
    """A region of an account, and how to connect to it."""

    def __init__(self, plugin: InventoryModule, region: str, account: Values, keys: Values) -> None:
        self._plugin = plugin
        self._connection = {"region": region, **keys}
        self.profile = account.get("profile") or ""
        self._name = " as ".join(filter(None, [region, account.get("role_arn") or self.profile]))
        self.client = Client(lambda service, config: self.connect(service, config=config))

    def __str__(self) -> str:
        return self._name

    def connect(self, service: str, **settings: Any) -> Any:
        return self._plugin.client(service, **{**self._connection, **settings})

    def api(self, cluster: Values) -> Kubernetes:
        way = cluster_of(cluster["name"], cluster)
        tokens = Tokens(signer(self.connect, self.client, way.identifier, way.region))
        return Kubernetes(way.api, tokens, read_only=True)


class InventoryModule(AWSInventoryBase):
    """What Ansible calls for a file ``*eks_nodes.yml``."""

    NAME = "flotilla.eks.nodes"
    INVENTORY_FILE_SUFFIXES = ("eks_nodes.yml", "eks_nodes.yaml")

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        """As AWSInventoryBase, but for regions: it has lists templated in a way that ansible-core 2.19 warns of.

        Seen with amazon.aws 10.1.2; aws_ec2 has the same warning.
        """
        if option == "regions":
            return BaseInventoryPlugin.get_option(self, option, hostvars)
        return super().get_option(option, hostvars)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        known, found = self.get_cached_result(path, cache)
        if not known:
            found = self._search()
        self.update_cached_result(path, cache, found)
        for host in hosts(found, self.get_option("hostname"), self.get_option("address")):
            self._add(host)

    def _search(self) -> list[Values]:
        """What is found of each cluster, as `hosts` wants it."""
        try:
            places = list(self._places())
            with ThreadPoolExecutor(PARALLEL_READS) as pool:
                clusters = [pair for some in pool.map(self._clusters, places) for pair in some]
                return [found for found in pool.map(self._look, clusters) if found]
        except Refused as error:
            raise AnsibleParserError(f"{self.NAME}: {error}") from None

    def _places(self) -> Iterator[Place]:
        default = self.get_option("regions") or [self.region]
        for account in checked(self.get_option("accounts")) or [{}]:
            regions = account.get("regions") or default
            if not all(regions):
                raise Refused("regions: none was found; give regions, region, a profile that has one, or AWS_REGION")
            keys = self._keys(account, regions[0])
            yield from (Place(self, region, account, keys) for region in regions)

    def _keys(self, account: Values, region: str) -> Values:
        """The credentials for an account, as a botocore client takes them; {} are those that all share."""
        own = {"profile_name": account["profile"]} if account.get("profile") else {}
        role = account.get("role_arn")
        if not role:
            return own
        asking = Place(self, region, account, own)
        external = {"ExternalId": account["external_id"]} if account.get("external_id") else {}
        try:
            answer = asking.client.read(
                "sts", "AssumeRole", RoleArn=role, RoleSessionName="flotilla-eks-inventory", **external
            )
        except AwsError as error:
            raise Refused(f"accounts: role_arn {role} cannot be assumed: {error}") from None
        keys = answer["Credentials"]
        return {
            "profile_name": None,
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def _clusters(self, place: Place) -> list[tuple[Place, str]]:
        patterns = self.get_option("clusters")
        try:
            names = place.client.pages("ListClusters", "clusters")
        except AwsError as error:
            raise Refused(f"{place}: {error}") from None
        return [(place, name) for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]

    def _look(self, which: tuple[Place, str]) -> Values | None:
        """What is found of a cluster; None if it has been deleted meanwhile."""
        place, name = which
        try:
            answer = place.client.find("eks", "DescribeCluster", name=name)
            if answer is None:
                return None
            cluster = answer["cluster"]
            nodes = self._nodes(place, cluster) if cluster["status"] in REACHABLE else []
        except AwsError as error:
            raise Refused(f"EKS cluster {name!r} in {place}: {error}") from None
        return {"cluster": {key: cluster.get(key) for key in OF_CLUSTER}, "profile": place.profile, "nodes": nodes}

    def _nodes(self, place: Place, cluster: Values) -> list[Values]:
        kinds = self.get_option("kinds")
        try:
            nodes = join(read(place.client, place.api(cluster), cluster))
        except KubernetesError as error:
            message = f"EKS cluster {cluster['name']!r} in {place}: {error}"
            if not self.get_option("skip_unreachable"):
                raise Refused(message) from None
            self.warn(f"{self.NAME}: {message}. It has no nodes in this inventory")
            return []
        return [node for node in nodes if not kinds or node["kind"] in kinds]

    def _add(self, host: Host) -> None:
        variables = wrap_var(host.variables)
        self.inventory.add_host(host.name)
        for group in host.groups:
            self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(group)), host.name)
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)
