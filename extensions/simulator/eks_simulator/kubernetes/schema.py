# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes' API reference says of lists: by which keys their items are told apart where they merge.

Both strategic merge patches ("patch strategy: merge") and server-side apply ("listType: map, set") follow from it. A
list that is not named here is one value, such as taints and tolerations.
"""

from __future__ import annotations

_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "conditions": ("type",),
    "addresses": ("type",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_PORT = {True: ("containerPort", "protocol"), False: ("port", "protocol")}
_SETS = ("finalizers",)
_DEFAULTS = {"protocol": "TCP"}
"""What a key counts as that is not said."""

Path = tuple[str, ...]
"""The members on the way to a list, without its items: `("spec", "template", "spec", "containers")`."""


def keys(path: Path) -> tuple[str, ...]:
    """The keys of the items of the list at `path`; none if it does not merge by them."""
    if path[-1:] == ("ports",):
        return _PORT[path[-2:-1] == ("containers",) or path[-2:-1] == ("initContainers",)]
    return _KEYS.get(path[-1], ()) if path else ()


def is_set(path: Path) -> bool:
    """Whether the list at `path` is a set of plain values."""
    return path[-1:] != () and path[-1] in _SETS and path[:1] == ("metadata",)


def key_of(item: dict[str, object], names: tuple[str, ...]) -> tuple[object, ...]:
    """What tells an item from the others of its list."""
    return tuple(item.get(name, _DEFAULTS.get(name)) for name in names)
