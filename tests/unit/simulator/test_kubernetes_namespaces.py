# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: what each has, and how it goes."""

from __future__ import annotations

from unit.simulator.living_cluster import LivingCluster

from eks_simulator.kubernetes.types import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT


def test_a_namespace_has_a_service_account_and_the_clusters_authority() -> None:
    cluster = LivingCluster("shop")
    assert cluster.get(SERVICE_ACCOUNT, "default", "shop")
    assert cluster.get(CONFIG_MAP, "kube-root-ca.crt", "shop")["data"] == {"ca.crt": "PEM"}


def test_it_gets_them_back() -> None:
    cluster = LivingCluster("shop")
    lost = cluster.get(SERVICE_ACCOUNT, "default", "shop")
    cluster.delete(SERVICE_ACCOUNT, lost)
    assert cluster.get(SERVICE_ACCOUNT, "default", "shop")["metadata"]["uid"] != lost["metadata"]["uid"]


def test_a_deleted_namespace_goes_with_all_that_is_in_it() -> None:
    cluster = LivingCluster("shop", "default")
    cluster.objects.condemn(NAMESPACE, "", "shop", 0)
    cluster.timeline.settle()
    assert [one["metadata"]["name"] for one in cluster.objects.list(NAMESPACE)] == ["default"]
    assert not cluster.objects.list(CONFIG_MAP, "shop")


def test_a_finalizer_holds_a_namespace_back() -> None:
    cluster = LivingCluster("shop")
    held = {"metadata": {"name": "held", "namespace": "shop", "finalizers": ["example.com/mine"]}}
    kept = cluster.create(CONFIG_MAP, held)
    cluster.objects.condemn(NAMESPACE, "", "shop", 0)
    cluster.timeline.settle()
    assert cluster.get(NAMESPACE, "shop")["status"]["phase"] == "Terminating"
    kept = cluster.get(CONFIG_MAP, "held", "shop")
    cluster.objects.replace(CONFIG_MAP, {**kept, "metadata": {**kept["metadata"], "finalizers": []}})
    cluster.timeline.settle()
    assert cluster.objects.find(NAMESPACE, "", "shop") is None
