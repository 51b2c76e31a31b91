# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resource of the EKS API, or of another service, is, as data.

A descriptor in ``_resources/`` states each fact of a resource once. The argument_spec of its modules, the translation
of requests and answers, the plan and the conformance tests are all derived from it. Names are options: the API's
member names in snake_case. A *path* is a dotted option name such as ``resources_vpc_config.subnet_ids``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._documents import canonical

Values = dict[str, Any]


@dataclass(frozen=True)
class Option:
    """The type of one value and how it behaves; build it with the functions below.

    ``kind`` is Ansible's name of the type: str, int, bool, list, dict or raw. A dict with ``members`` is a structure,
    which matches on the members that are given; one without is a map, which matches exactly and whose keys are never
    touched. What is raw is a document: data here, given as such or as JSON or YAML, and text in the API.
    """

    kind: str
    choices: tuple[str, ...] = ()
    required: bool = False
    aliases: tuple[str, ...] = ()
    elements: Option | None = None
    members: Mapping[str, Option] | None = None
    exclusive: tuple[tuple[str, ...], ...] = ()  # members of a structure of which only one may be set
    ordered: bool = False  # the order of a list has a meaning
    keyed: str = ""  # the member that tells the items of a list apart, of which those that are not given are left alone
    echoed: bool = True  # Describe returns it; what is not returned can be set but not compared
    subset: bool = False  # an update takes any subset of the structure's members; else it is sent whole
    normal: Callable[[Any], Any] | None = None  # brings equivalent spellings to one form before they are compared
    patch: Callable[[Any, Any], Any] | None = None  # (before, after) -> what the update operation wants to be told
    refuse: Callable[[Any, Any], str | None] | None = None  # (before, after) -> why this step cannot be taken


def text(*choices: str, **facts: Any) -> Option:
    return Option("str", choices=choices, **facts)


def integer(**facts: Any) -> Option:
    return Option("int", **facts)


def flag(**facts: Any) -> Option:
    return Option("bool", **facts)


def many(elements: Option, **facts: Any) -> Option:
    return Option("list", elements=elements, **facts)


def mapping(**facts: Any) -> Option:
    return Option("dict", **facts)


def document(**facts: Any) -> Option:
    return Option("raw", normal=canonical, **facts)


def struct(facts: Values | None = None, /, **members: Option) -> Option:
    """A structure; ``facts`` is a dict of the other attributes of Option, as the member names take the keywords."""
    return Option("dict", members=members, **(facts or {}))


@dataclass(frozen=True)
class Update:
    """An operation that changes a resource, and the paths that travel together in one call of it."""

    operation: str
    carries: tuple[str, ...]
    otherwise: str = ""  # the operation in its place where the one value that it carries is false; neither is told it
    together: bool = False  # all paths are sent when one of them differs
    always: tuple[str, ...] = ()  # sent in each call, as they are if nothing else is wanted: left out, they are lost
    modifiers: tuple[str, ...] = ()  # options that accompany the call but are no state of the resource


@dataclass(frozen=True)
class Attachments:
    """Items that the API keeps beside a resource, each added and removed by a call of its own.

    ``key`` tells items apart; ``purge`` is the option that allows unlisted items to be removed. Without a ``listing``,
    Describe tells them. Where adding an item that is there leaves what it held, ``split`` says how to change it:
    (before or None, after) -> what the removing call is told beside the key, and the item to add; {} for no call.
    """

    option: str
    item: Option
    key: str
    listing: str
    answer: str
    add: str
    remove: str
    purge: str
    split: Callable[[Values | None, Values], tuple[Values, Values]] | None = None


@dataclass(frozen=True)
class References:
    """Items of an option that Describe answers with ARNs of, and that another Describe tells.

    The last part of an ARN is the id by which ``describe`` is asked; ``id`` and ``arn`` are what its answer calls them.
    """

    option: str
    describe: str
    answer: str
    id: str
    arn: str


@dataclass(frozen=True)
class Lifecycle:
    """The values of ``status``: those on the way to another one, and those that will not get better by waiting."""

    moving: frozenset[str] = frozenset({"CREATING", "UPDATING", "DELETING"})
    failed: frozenset[str] = frozenset({"FAILED", "CREATE_FAILED", "DELETE_FAILED", "DEGRADED"})
    stillborn: frozenset[str] = frozenset({"FAILED", "CREATE_FAILED"})  # never came to life: can only be deleted
    resting: frozenset[str] = frozenset({"ACTIVE"})  # as it shall be


@dataclass(frozen=True)
class Advice:
    """What to tell a user beside the service's own words, where they say neither field nor value."""

    about: str  # a regular expression found in the service's message
    path: str
    remedy: str


@dataclass(frozen=True)
class Finder:
    """How a resource that the service calls by an id of its own is found among those that List tells.

    ``id`` is the member of a listed item and of Describe's answer that holds the id, ``request`` what requests call it.
    List is asked for as much of the identity as it takes; of what it answers, the item that ``matches`` is ours.
    """

    id: str
    request: str
    matches: Callable[[Values, Values], bool]  # (listed item, identity)
    tag: str = ""  # the tag that holds the name, where no answer tells it; set at creation and never removed


def _unchanged(desired: Values) -> Values:
    return desired


def _no_problems(desired: Values, observed: Values | None) -> list[str]:
    return []


@dataclass(frozen=True)
class Hooks:
    """What is odd about a resource. All but ``resolve``, ``examine`` and ``blockers`` are pure.

    These get a reader. Of the first two it is ``find(service, operation, **members) -> answer``, or None if what is
    asked about does not exist: EKS in options' spelling, other services in their own.
    """

    prepare: Callable[[Values], Values] = _unchanged  # adds what the user's words imply
    check: Callable[[Values, Values | None], list[str]] = _no_problems  # of values with identity: "path: what is wrong"
    complete: Callable[[Values], Values] = _unchanged  # what Create demands beyond what the user's words say
    address: Callable[[Values], Values] | None = None  # identity -> further members by which requests name it
    resolve: Callable[[Values, Values | None, Callable[..., Any]], Values] | None = None  # names -> ids
    examine: Callable[[Values, Values | None, Callable[..., Any]], list[str]] | None = None  # like check, where it
    # takes a look at AWS to tell; asked only if there is something to create or update
    blockers: Callable[[Values, Callable[..., Any]], list[str]] | None = None  # what keeps it from being deleted
    belongs: Callable[[Values], bool] | None = (
        None  # is what Describe answers one of these? where operations are shared
    )
    commitment: Callable[[Values, Values | None], str | None] | None = None  # what a change would oblige the user to
    kept: Callable[[Values], str | None] | None = None  # of what is observed, why it cannot be deleted
    restate: Callable[[Values], Values] = _unchanged  # of what is observed, what a user would have had to say


@dataclass(frozen=True)
class Resource:
    """One kind of resource. Its operations are Create, Describe, List and Delete + ``api`` (List with the plural), but
    for those that ``verbs`` names: "create", "describe", "list" or "delete" -> operation.
    """

    kind: str  # the module's name
    label: str  # the field's own term, for messages
    api: str
    identity: Mapping[str, tuple[str, ...]]  # option -> the names, in snake_case, it goes by in requests
    listing: str  # the key of names, or of items, in the answer of List
    arn: str
    options: Option
    required: tuple[str, ...]  # to create; beside the identity
    service: str = "eks"
    verbs: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""  # path of the resource in the answer of Describe, where it is not its kind
    listed: str = "name"  # the member of a listed item that holds the name, where List does not answer bare names
    finder: Finder | None = None
    tag_listing: str = ""  # the operation that tells the tags, where Describe does not
    asks: Mapping[str, Any] = field(default_factory=dict)  # what List is asked for beside the identity
    members: tuple[str, ...] = ()  # of Describe's answer, those that concern it, where others share the answer
    told_once: tuple[str, ...] = ()  # paths of secrets that only the answer to the creation tells, for the user
    confirmation: str = ""  # the modifier without which no commitment is made
    envelope: str = ""  # the member of Create's request in which the name and all options travel, where they do
    updates: tuple[Update, ...] = ()
    modifiers: Mapping[str, Option] = field(default_factory=dict)
    shorthands: Mapping[str, str] = field(default_factory=dict)  # community.aws's name -> path
    excluded: Mapping[str, str] = field(default_factory=dict)  # "Operation.member" -> why there is no option for it
    lifecycle: Lifecycle | None = field(default_factory=Lifecycle)
    create_modifiers: tuple[str, ...] = ()  # those of the modifiers that Create takes
    delete_modifiers: tuple[str, ...] = ()  # and Delete
    attachments: Attachments | None = None
    references: References | None = None
    owner: str = ""  # the member of an answer that names what it belongs to, and through which alone it is changed
    protection: str = ""  # the option that forbids deletion while it is true
    replaceable: bool = False
    generations: bool = False  # a replacement may stand beside the replaced one, under a name with a suffix
    secret: tuple[str, ...] = ()  # paths of answers that no result may show
    nested: bool = False  # results stand also under the kind's name, where community.aws put those of a creation
    one_at_a_time: bool = False  # the service creates or deletes one of a cluster's at a time, refusing the others
    wait_timeout: int = 1800
    advice: tuple[Advice, ...] = ()
    remedies: Mapping[str, str] = field(default_factory=dict)  # code of a health issue -> what to do about it
    hooks: Hooks = field(default_factory=Hooks)

    def names(self, identity: Values) -> Values:
        """The identity under every name that some request has for it; a request takes those of its shape."""
        names = {name: value for option, value in identity.items() for name in self.identity[option]}
        further = self.hooks.address if identity.keys() == self.identity.keys() else None
        return {**names, **(further(identity) if further else {})}

    def identity_of(self, observed: Values) -> Values:
        """The identity of what Describe answered."""
        return {
            option: next(observed[name] for name in (option, *names) if name in observed)
            for option, names in self.identity.items()
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """All operations that the modules of this resource may call."""
        own = (self.create_operation, self.describe_operation, self.list_operation, self.delete_operation)
        attached = (self.attachments.listing, self.attachments.add, self.attachments.remove) if self.attachments else ()
        referred = (self.references.describe,) if self.references else ()
        tags = ("TagResource", "UntagResource", self.tag_listing)
        updates = (operation for update in self.updates for operation in (update.operation, update.otherwise))
        return tuple(dict.fromkeys(filter(None, (*own, *updates, *attached, *referred, *tags))))

    def takes_more_reads(self, values: Values) -> bool:
        """Whether an option is given that Describe alone does not tell."""
        return any(part.option in values for part in (self.attachments, self.references) if part)

    @property
    def create_operation(self) -> str:
        return self.verbs.get("create", f"Create{self.api}")

    @property
    def describe_operation(self) -> str:
        return self.verbs.get("describe", f"Describe{self.api}")

    @property
    def list_operation(self) -> str:
        return self.verbs.get("list", f"List{_plural(self.api)}")

    @property
    def delete_operation(self) -> str:
        return self.verbs.get("delete", f"Delete{self.api}")

    @property
    def answered(self) -> str:
        """The path of the resource in the answer of Describe."""
        return self.answer or self.kind

    @property
    def parents(self) -> tuple[str, ...]:
        """The part of the identity without which nothing can be listed: the cluster, of what belongs to one."""
        return tuple(self.identity)[: len(self.identity) > 1]

    @property
    def plural(self) -> str:
        """The key of a list of these in results."""
        return _plural(self.kind)

    def option(self, path: str) -> Option:
        """The option at a dotted path; KeyError if there is none."""
        found = self.options
        for name in path.split("."):
            found = (found.members or {})[name]
        return found

    def update_for(self, path: str) -> Update | None:
        """The update that carries a path, or None where the API has no operation to change it."""
        carriers = (update for update in self.updates if any(_within(path, carried) for carried in update.carries))
        return next(carriers, None)


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _within(path: str, ancestor: str) -> bool:
    return path == ancestor or path.startswith(ancestor + ".")


def leaves(option: Option, path: str = "") -> Iterator[tuple[str, Option]]:
    """All paths below a structure that hold a value of their own, with their options."""
    for name, member in (option.members or {}).items():
        below = f"{path}.{name}" if path else name
        if member.members is None:
            yield below, member
        else:
            yield from leaves(member, below)
