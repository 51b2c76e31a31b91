# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules' documentation says is what they take and return."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._paths import prune
from support.descriptors import EKS, RESOURCES, SSM, model_of
from support.documentation import (
    MODULES,
    Page,
    argument_spec,
    documentation,
    findings,
    holders,
    options_page,
    returned_page,
    shape_page,
)

EACH_MODULE = pytest.mark.parametrize("module", MODULES)
EACH_RESOURCE = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
PYTHON_TYPES: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}

TEXT: dict[str, Any] = {"type": "str", "elements": None, "below": {}}
MAP: dict[str, Any] = {"type": "dict", "elements": None, "below": {}}
TEXTS: dict[str, Any] = {"type": "list", "elements": "str", "below": {}}
OF_EVERY_RESULT: Page = {
    "changes": {"type": "list", "elements": "dict", "below": {"action": TEXT, "operation": TEXT, "fields": TEXTS}},
    "diff": {**MAP, "below": {"before": MAP, "after": MAP, "before_header": TEXT, "after_header": TEXT}},
}


def described(resource: Resource) -> Page:
    """The page of what Describe answers, without its secrets, with what is attached to it."""
    model = model_of(resource)
    page = shape_page(model.operation_model(resource.describe_operation).output_shape)
    for name in resource.answered.split("."):
        page = page[name]["below"]
    page = {name: page[name] for name in resource.members or page}
    for path in resource.secret:
        *parents, last = path.split(".")
        holder = page
        for name in parents:
            holder = holder[name]["below"]
        del holder[last]
    page |= {"tags": MAP} if resource.tag_listing else {}
    if resource.attachments and resource.attachments.listing:
        listed = shape_page(model.operation_model(resource.attachments.listing).output_shape)
        page[resource.attachments.option] = listed[resource.attachments.answer]
    if resource.references:
        refer = resource.references
        told = shape_page(model.operation_model(refer.describe).output_shape)
        page[refer.option] = {"type": "list", "elements": "dict", "below": told[refer.answer]["below"]}
    documents = [path for path, option in leaves(resource.options) if option.kind == "raw"]
    return page | dict.fromkeys(documents, MAP)


def result(resource: Resource) -> Page:
    """The page of what the module returns."""
    page = described(resource) | OF_EVERY_RESULT
    for path in resource.told_once:
        parent, _dot, last = path.rpartition(".")
        page[parent]["below"][last] = TEXT
    page |= {resource.kind: MAP} if resource.nested else {}
    page |= {"blocked_by": TEXTS} if resource.hooks.blockers else {}
    return page


def info_result(resource: Resource) -> Page:
    """The page of what the info module returns."""
    return {resource.plural: {"type": "list", "elements": "dict", "below": described(resource)}}


def documented_options(module: str) -> Page:
    return options_page(documentation(module).options, "suboptions")


def actual_options(module: str) -> Page:
    return options_page(argument_spec(module), "options")


def documented_result(module: str) -> Page:
    return returned_page(documentation(module).returned)


@EACH_MODULE
def test_options_are_those_of_the_argument_spec(module: str) -> None:
    assert findings(documented_options(module), actual_options(module)) == []


@EACH_RESOURCE
def test_result_is_what_describe_answers(resource: Resource) -> None:
    assert findings(documented_result(resource.kind), result(resource)) == []


@EACH_RESOURCE
def test_info_result_is_what_describe_answers(resource: Resource) -> None:
    assert findings(documented_result(f"{resource.kind}_info"), info_result(resource)) == []


def listed(plural: str, shape: Any) -> Page:
    """The page of a result that is a list of structures of the API."""
    return {plural: {"type": "list", "elements": "dict", "below": shape_page(shape)}}


ACTIVATION: Page = {**shape_page(SSM.shape_for("Activation")), "name": TEXT, "tags": MAP}
OF_OTHER_MODULES: dict[str, Page] = {
    "access_policies_info": listed("access_policies", EKS.shape_for("AccessPolicy")),
    "cluster_versions_info": listed("cluster_versions", EKS.shape_for("ClusterVersionInformation")),
    "iam_oidc_provider": {
        "arn": TEXT,
        "url": TEXT,
        "client_ids": TEXTS,
        "thumbprints": TEXTS,
        "create_date": TEXT,
        "tags": MAP,
        **OF_EVERY_RESULT,
    },
    "insights_info": {
        **listed("insights", EKS.shape_for("Insight")),
        "refresh": {**MAP, "below": shape_page(EKS.shape_for("DescribeInsightsRefreshResponse"))},
    },
    "ssm_activation": {**ACTIVATION, "activation_code": TEXT, **OF_EVERY_RESULT},
    "ssm_activation_info": {"activations": {"type": "list", "elements": "dict", "below": ACTIVATION}},
    "ssm_managed_instance": OF_EVERY_RESULT,
    "ssm_managed_instance_info": listed("managed_instances", SSM.shape_for("InstanceInformation")),
    "update": {
        **listed("updates", EKS.shape_for("Update")),
        "changes": OF_EVERY_RESULT["changes"],
        "diff": {**MAP, "below": {"before": MAP, "after": MAP}},
    },
}


@pytest.mark.parametrize("module", OF_OTHER_MODULES)
def test_result_of_a_module_without_descriptor_is_what_the_api_answers(module: str) -> None:
    assert findings(documented_result(module), OF_OTHER_MODULES[module]) == []


@EACH_RESOURCE
def test_info_module_says_the_same_of_each_value(resource: Resource) -> None:
    """Only when a value is there is another matter."""
    own = deepcopy(documentation(resource.kind).returned)
    for path in resource.told_once:
        prune(own, path.replace(".", ".contains."))
    listed = documentation(f"{resource.kind}_info").returned[resource.plural]["contains"]
    assert {name: without_when(value) for name, value in listed.items()} == {
        name: without_when(own[name]) for name in described(resource)
    }


def without_when(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: fact for key, fact in value.items() if key != "returned"}


# The test of the tests: a documentation that is true but for one omission, addition or error is found out by name.


@EACH_MODULE
def test_option_without_documentation_is_named(module: str) -> None:
    check_that_omissions_are_named(actual_options(module))


@EACH_RESOURCE
def test_result_without_documentation_is_named(resource: Resource) -> None:
    check_that_omissions_are_named(result(resource))


def check_that_omissions_are_named(actual: Page) -> None:
    documented = deepcopy(actual)
    for path, name, holder in list(holders(documented)):
        entry = holder.pop(name)
        assert findings(documented, actual) == [f"{path}: is not documented"]
        assert findings(actual, documented) == [f"{path}: is documented, and does not exist"]
        holder[name] = entry


@EACH_MODULE
def test_wrong_fact_about_an_option_is_named(module: str) -> None:
    actual = actual_options(module)
    documented = deepcopy(actual)
    for path, name, holder in list(holders(documented)):
        for fact, true in list(holder[name].items()):
            if fact != "below":
                holder[name][fact] = "nonsense"
                assert findings(documented, actual) == [f"{path}: {fact} is {true!r}, documented as 'nonsense'"]
                holder[name][fact] = true


# Samples and examples.


@EACH_MODULE
def test_samples_are_of_the_type_that_is_documented(module: str) -> None:
    assert bad_samples(documentation(module).returned) == []


def bad_samples(returned: Mapping[str, Any], place: str = "") -> list[str]:
    found = [f"{place}{name}: {value['sample']!r}" for name, value in returned.items() if not sample_fits(value)]
    for name, value in returned.items():
        found += bad_samples(value.get("contains") or {}, f"{place}{name}.")
    return found


def sample_fits(value: Mapping[str, Any]) -> bool:
    if "sample" not in value:
        return True
    return fits(value["sample"], value["type"], value)


def fits(sample: Any, kind: str, value: Mapping[str, Any]) -> bool:
    """Whether a sample is of a type, and what it holds of the documented ones."""
    if not isinstance(sample, PYTHON_TYPES[kind]) or isinstance(sample, bool) != (kind == "bool"):
        return False
    if kind == "list":
        return all(fits(item, value["elements"], value) for item in sample)
    known = value.get("contains")
    if kind == "dict" and known:
        return all(name in known and fits(item, known[name]["type"], known[name]) for name, item in sample.items())
    return True


def test_samples_of_another_type_are_named() -> None:
    count = {"type": "int", "sample": "2"}
    size = {"type": "dict", "contains": {"count": {"type": "int"}}, "sample": {"number": 2}}
    zones = {"type": "list", "elements": "str", "sample": ["a", 1]}
    assert bad_samples({"count": count, "size": size, "zones": zones}) == [
        "count: '2'",
        "size: {'number': 2}",
        "zones: ['a', 1]",
    ]


@EACH_MODULE
def test_examples_are_understood(module: str) -> None:
    tasks = documentation(module).examples
    assert any(f"flotilla.eks.{module}" in task for task in tasks)
    assert [problem for task in tasks for problem in task_problems(task)] == []


@EACH_RESOURCE
def test_examples_show_planning_and_deletion(resource: Resource) -> None:
    tasks = documentation(resource.kind).examples
    assert any(task.get("check_mode") and task.get("diff") for task in tasks)
    assert any(options.get("state") == "absent" for task in tasks for _module, options in ours(task))


def ours(task: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The modules of this collection in a task, with the options given to them."""
    calls = {key.removeprefix("flotilla.eks."): value for key, value in task.items() if key.startswith("flotilla.eks.")}
    return [(module, options or {}) for module, options in calls.items()]


def task_problems(task: Mapping[str, Any]) -> list[str]:
    """What Ansible would say of a task before it runs it."""
    problems = [] if task.get("name") else [f"a task without a name: {task}"]
    for module, options in ours(task):
        spec = argument_spec(module)
        verdict = ArgumentSpecValidator(spec).validate(evaluated(options, spec))
        problems += [f"{task['name']}: {message}" for message in verdict.error_messages]
    return problems


def evaluated(options: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The options with some value of the right type where the example has a template for the whole of a structure."""
    values: dict[str, Any] = {"dict": {}, "list": []}
    return {
        name: values.get(spec.get(name, {}).get("type"), value) if str(value).startswith("{{") else value
        for name, value in options.items()
    }


def test_unknown_option_of_an_example_is_named() -> None:
    options = {"cluster_name": "prod", "name": "web", "taints": [{"key": "a", "colour": "red"}]}
    (problem,) = task_problems({"name": "Paint it", "flotilla.eks.nodegroup": options})
    assert problem.startswith("Paint it: ")
    assert "colour" in problem
