# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in as a server on the loopback interface, with a ledger of what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.server import HTTPServer
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from support.awx_api import rules
from support.awx_api.schema import KINDS
from support.awx_api.store import Object, Refused, Store
from support.serving import FREE, Serving

ROOT = "/api/v2"
TOKEN = "token-of-the-operator"
USER, PASSWORD = "operator", "password-of-the-operator"
BUILT_IN = {
    "Machine": ("ssh", ["username", "password", "ssh_key_data", "ssh_key_unlock", "become_password"]),
    "Red Hat Ansible Automation Platform": ("cloud", ["host", "username", "password", "oauth_token"]),
}
NO_SECRETS = ("username", "host")


class Quiet(WSGIRequestHandler):
    """The ledger is the log."""

    def log_request(self, *_request: object) -> None:
        """Log nothing."""


@dataclass
class Awx(Serving):
    """AWX with its built-in credential types. ``playbooks`` are those of a project's checkout, by its address."""

    playbooks: dict[str, list[str]]
    store: Store = field(default_factory=Store)
    ledger: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, (kind, fields) in BUILT_IN.items():
            inputs = [{"id": entry, "label": entry, "secret": entry not in NO_SECRETS} for entry in fields]
            self.store.add(
                "credential_types", {"name": name, "kind": kind, "inputs": {"fields": inputs}, "managed": True}
            )
        application = Flask("awx")
        application.before_request(self._authenticate)
        application.register_error_handler(Refused, lambda refused: (jsonify(refused.body), refused.status))
        application.add_url_rule(f"{ROOT}/tokens/", view_func=self._token, methods=["POST"])
        application.add_url_rule(f"{ROOT}/tokens/<int:number>/", view_func=self._revoke, methods=["DELETE"])
        application.add_url_rule(f"{ROOT}/project_updates/<int:number>/", view_func=self._project_update)
        application.add_url_rule(f"{ROOT}/<kind>/", view_func=self._list, methods=["GET", "POST"])
        application.add_url_rule(
            f"{ROOT}/<kind>/<int:number>/", view_func=self._detail, methods=["GET", "PATCH", "DELETE"]
        )
        application.add_url_rule(
            f"{ROOT}/<kind>/<int:number>/<name>/", view_func=self._sub, methods=["GET", "POST", "DELETE"]
        )
        application.after_request(self._name)
        self._application = application

    def make_server(self) -> HTTPServer:
        return make_server(*FREE, self._application, threaded=True, request_handler=Quiet)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path of each request that was not a mere look, but for tokens."""
        return [(method, path) for method, path in self.ledger if method != "GET" and "/tokens/" not in path]

    def clear(self) -> None:
        """Forget what was asked."""
        self.ledger.clear()

    def names(self, kind: str) -> set[str]:
        return {item["name"] for item in self.store.all(kind)}

    def all_names(self) -> set[str]:
        """The names of all that there is; of a node, what it is called in its workflow."""
        return {item.get("name") or item["identifier"] for kind in KINDS for item in self.store.all(kind)}

    def path(self, workflow: str) -> list[str]:
        """The names of what a workflow runs, from the node that nothing leads to, along those that follow a success."""
        number = self.named("workflow_job_templates", workflow)["id"]
        nodes = self.store.all("workflow_job_template_nodes")
        follows = {node["id"]: self.store.associated(node["id"], "success_nodes") for node in nodes}
        after = [number for numbers in follows.values() for number in numbers]
        (node,) = (node["id"] for node in nodes if node["workflow_job_template"] == number and node["id"] not in after)
        path = [node]
        while follows[path[-1]]:
            path += follows[path[-1]]
        runs = [self.store.find("workflow_job_template_nodes", each)["unified_job_template"] for each in path]
        return [self.store.find("unified_job_templates", each)["name"] for each in runs]

    def named(self, kind: str, name: str) -> Object:
        (item,) = (item for item in self.store.all(kind) if item["name"] == name)
        return item

    def associated(self, kind: str, name: str, associated: str) -> list[str]:
        """The names of what is associated with an object."""
        members = self.store.associated(self.named(kind, name)["id"], associated)
        return sorted(self.store.find(KINDS[kind].lists[associated], member)["name"] for member in members)

    # What answers requests

    def _authenticate(self) -> tuple[Response, int] | None:
        self.ledger.append((request.method, request.path))
        login = request.authorization
        if login is not None and login.type == "basic" and request.path.startswith(f"{ROOT}/tokens/"):
            allowed = (login.username, login.password) == (USER, PASSWORD)
        else:
            allowed = login is not None and login.type == "bearer" and login.token == TOKEN
        return None if allowed else (jsonify(detail="Authentication credentials were not provided."), 401)

    def _name(self, response: Response) -> Response:
        response.headers["X-API-Product-Name"] = "AWX"
        response.headers["X-API-Product-Version"] = "24.6.1"
        return response

    def _token(self) -> tuple[Response, int]:
        return jsonify(id=1, token=TOKEN), 201

    def _revoke(self, number: int) -> tuple[str, int]:
        return "", 204

    def _project_update(self, number: int) -> Response:
        """The first look at an update finds it running, the second one at its end."""
        project = next(item for item in self.store.all("projects") if item["update"] == number)
        project["status"] = "running" if project["status"] == "pending" else "successful"
        return jsonify(id=number, status=project["status"], scm_revision="0" * 40)

    def _list(self, kind: str) -> Any:
        self._known(kind)
        if request.method == "POST":
            return jsonify(self._show(kind, self._make(kind, self._body()))), 201
        found = [self._show(self._kind_of(item), item) for item in self.store.all(kind)]
        found = [item for item in found if self._matches(kind, item)]
        return jsonify(count=len(found), next=None, previous=None, results=found)

    def _detail(self, kind: str, number: int) -> Any:
        self._known(kind)
        item = self.store.find(kind, number)
        if request.method == "DELETE":
            rules.check_removal(self.store, kind, number)
            self.store.remove(kind, number)
            return "", 202 if kind == "inventories" else 204
        if request.method == "PATCH":
            values = self.store.check(kind, self._body(), item)
            wanted = {**item, **values}
            rules.check(self.store, kind, wanted, item, self.playbooks)
            item.update(wanted)
        return jsonify(self._show(kind, item))

    def _sub(self, kind: str, number: int, name: str) -> Any:
        self._known(kind)
        item = self.store.find(kind, number)
        if name == "survey_spec" and KINDS[kind].survey:
            return self._survey(number)
        if name == "create_approval_template" and kind == "workflow_job_template_nodes":
            approval = self._make("workflow_approval_templates", self._body())
            item["unified_job_template"] = approval["id"]
            return jsonify(self._show("workflow_approval_templates", approval)), 201
        if name not in KINDS[kind].lists or request.method == "DELETE":
            raise Refused({"detail": "Not found."}, 404)
        members = self.store.associated(number, name)
        if request.method == "POST":
            return self._associate(name, KINDS[kind].lists[name], members)
        found = [
            self._show(KINDS[kind].lists[name], self.store.find(KINDS[kind].lists[name], each)) for each in members
        ]
        return jsonify(count=len(found), next=None, previous=None, results=found)

    def _associate(self, name: str, kind: str, members: list[int]) -> tuple[str, int]:
        body = self._body()
        if not set(body) <= {"id", "disassociate"}:
            raise Refused({"detail": f"unknown: {sorted(body)}"})
        number = self.store.find(kind, body["id"])["id"]
        if body.get("disassociate"):
            members.remove(number)
            self.store.drop_labels([number] if name == "labels" else [])
        else:
            rules.check_associated(self.store, name, [*members, number])
            members.append(number)
        return "", 204

    def _survey(self, number: int) -> Any:
        if request.method == "POST":
            rules.check_survey(self._body())
            self.store.surveys[number] = self._body()
        elif request.method == "DELETE":
            self.store.surveys.pop(number, None)
        return jsonify(self.store.surveys.get(number, {}))

    def _make(self, kind: str, data: Object) -> Object:
        values = self.store.check(kind, data)
        defaults = {name: entry.default for name, entry in KINDS[kind].fields.items()}
        wanted = {**defaults, **values}
        rules.check(self.store, kind, wanted, None, self.playbooks)
        item = self.store.add(kind, wanted)
        if kind == "projects":
            item |= {"status": "pending", "update": next(self.store.ids), "scm_revision": ""}
            self.store.objects[kind][item["id"]] = item
        return item

    # How requests are read, and answers written

    def _known(self, kind: str) -> None:
        if kind not in KINDS and kind != "unified_job_templates":
            raise Refused({"detail": "Not found."}, 404)

    def _body(self) -> Object:
        body: Object = request.get_json()
        return body

    def _kind_of(self, item: Object) -> str:
        return next(kind for kind, known in KINDS.items() if known.type == item["type"])

    def _matches(self, kind: str, item: Object) -> bool:
        """Whether an object is among what the query asks for. An unknown filter is an error, as it is to AWX."""
        either: list[bool] = []
        for name, value in request.args.items():
            key, _unused, how = name.removeprefix("or__").partition("__")
            if name in ("page_size", "page"):
                continue
            if how not in ("", "startswith") or (key not in item and kind in KINDS):
                raise Refused({"detail": f"{item['type']} has no field {key!r}, or no filter {how!r} exists"})
            holds = str(item.get(key)).startswith(value) if how else str(item.get(key)) == value
            if name.startswith("or__"):
                either.append(holds)
            elif not holds:
                return False
        return any(either) if either else True

    def _show(self, kind: str, item: Object) -> Object:
        url = f"{ROOT}/{kind}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in KINDS[kind].lists}
        told: Object = {"summary_fields": {}}
        if KINDS[kind].survey:
            related["survey_spec"] = f"{url}survey_spec/"
        if kind == "job_templates":
            told["organization"] = (
                self.store.find("projects", item["project"])["organization"] if item["project"] else None
            )
        if kind == "inventory_sources":
            told["organization"] = self.store.find("inventories", item["inventory"])["organization"]
        if kind == "projects" and item["status"] in ("pending", "running"):
            told["summary_fields"] = {"current_update": {"id": item["update"]}}
        started = item.get("unified_job_template")
        if kind == "workflow_job_template_nodes" and started:
            of = self._kind_of(self.store.find("unified_job_templates", started))
            related["unified_job_template"] = f"{ROOT}/{of}/{started}/"
        return {**rules.shown(self.store, kind, item), **told, "url": url, "related": related}
