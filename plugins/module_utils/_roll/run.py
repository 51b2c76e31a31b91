# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rolls an Auto Scaling group: looks, does the next step, and looks again, until nothing is left or something ails.

Then it steps back: nodes take pods again, and of what was launched goes what carries no pods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError
from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import Consent, pods_to_evict
from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import PODS
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import console_hint
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._roll.act import Actor
from ansible_collections.flotilla.eks.plugins.module_utils._roll.choice import retreat
from ansible_collections.flotilla.eks.plugins.module_utils._roll.foresee import told
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    WARM,
    Cordon,
    Done,
    Forget,
    Machine,
    Policy,
    Remember,
    Resize,
    Resume,
    State,
    Step,
    Suspend,
    Uncordon,
    Wait,
    names,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.read import Lookout
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import LAUNCH, Sizes
from ansible_collections.flotilla.eks.plugins.module_utils._roll.steps import next_step
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

ANYTHING = Consent(unmanaged=True, local_data=True)
BUSY = ("ScalingActivityInProgress", "ResourceContention")  # the group does something just now
OVER = object()


@dataclass
class Roll:
    """The roll of one group. ``patience`` bounds each wait for instances; ``tell`` hears of each step.

    After `run`, ``launched`` has the ids of the instances that came meanwhile; who went, the actor knows.
    """

    name: str
    actor: Actor
    lookout: Lookout
    policy: Policy
    patience: Patience
    tell: Callable[[str], None] = lambda text: None
    changed: bool = False
    launched: list[str] = field(default_factory=list)
    _first: frozenset[str] = frozenset()
    _ready: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Brings the group to what it shall be. Raises Unsettled, having stepped back, and saying what stands."""
        self._first = frozenset(machine.id for machine in self._look().machines)
        self.actor.note_failures(self.name)
        try:
            self._steps()
        except BaseException as failure:  # also if the user interrupts it
            stands = self._step_back()
            if not isinstance(failure, (AwsError, KubernetesError, Refused, Unsettled)):
                raise
            raise Unsettled(f"Auto Scaling group {self.name}: {failure}. {stands}") from None

    def _look(self) -> State:
        found = self.lookout.look([self.name]).get(self.name)
        if found is None:
            raise Unsettled("somebody has deleted it meanwhile")
        # Auto Scaling may not tell yet of what it was asked for
        machines = tuple(
            replace(machine, lifecycle=f"{WARM if machine.warm else ''}Terminating")
            if (machine.id, machine.warm) in self.actor.ended and not machine.leaving
            else machine
            for machine in found.machines
        )
        here = [machine.id for machine in machines if machine.alive]
        self.launched += [one for one in here if self._first and one not in self._first and one not in self.launched]
        return replace(found, machines=machines)

    def _steps(self) -> None:
        tries, step, last, trouble = self.patience.tries(), Step(), Step(), ""
        while True:
            try:
                state = self._look()
                self._refuse_the_fallen(state)
                step, trouble = next_step(state, self.policy), ""
                self.tell(told(step, state))
                if isinstance(step, Done):
                    return
                if not isinstance(step, Wait):
                    self.changed = True
                    self._do(step, state)
                    if isinstance(step, Forget):  # who replaces all would begin again
                        return
                    if step != last:  # else AWS does not tell of it yet: look later
                        tries, last = self.patience.tries(), step
                        next(tries)
                        continue
                elif not step.machines:
                    self.actor.refuse_failures(self.name)
            except (AwsError, KubernetesError) as error:
                if not passing(error):
                    raise
                trouble = f"; the last try failed: {error}"
            if next(tries, OVER) is OVER:
                raise Unsettled(self._lateness(step) + trouble)

    def _refuse_the_fallen(self, state: State) -> None:
        """Raises Unsettled if a node that was Ready is not any more."""
        fallen = [machine for machine in state.alive if machine.id in self._ready and not machine.ready]
        if fallen:
            told = "; ".join(f"{machine}: {machine.trouble}" for machine in fallen)
            raise Unsettled(f"a node that was Ready is so no longer, which is no time to go on: {told}")
        self._ready |= {machine.id for machine in state.alive if machine.ready}

    def _lateness(self, step: Step) -> str:
        waited = f"waited {self.patience.timeout:g} s"
        if not isinstance(step, Wait):
            return f"tried for {self.patience.timeout:g} s to go on, in vain"
        if not step.machines:
            return f"{waited} {step.what}, in vain"
        about = "; ".join(f"{machine}: {machine.trouble or machine.lifecycle}" for machine in step.machines)
        text = f"{waited} for {names(step.machines)} {step.what}, in vain. {about}"
        if all(machine.leaving for machine in step.machines):
            return text
        hint = console_hint(step.machines[0].id, self.lookout.client.region)
        return f"{text}. flotilla.eks.join_diagnosis finds out why a node does not join; what it wrote: {hint}"

    def _step_back(self) -> str:
        """What stands, in words."""
        try:
            return self._stepped_back()
        except (AwsError, KubernetesError, Refused, Unsettled) as error:
            return f"Stepping back from it failed, too: {error}. Run again: it goes on, or steps back, from there"

    def _stepped_back(self) -> str:
        state = self._look()
        if state.memory is None:
            return "Nothing was touched"
        self._reopen(state)
        before, suspended = state.memory.before, tuple(dict.fromkeys((*state.memory.suspended, LAUNCH)))
        self._do(Remember(replace(state.memory, suspended=suspended)), state)
        self._do(Suspend((LAUNCH,)), state)
        state = self._look()
        idle = self._without_pods(state, retreat(state, before))
        self.actor.terminate(idle)
        state = self._look()
        self._reopen(state)
        here = max(len(state.alive), before.desired)  # what failed to be launched has no instance
        desired = min(state.sizes.desired, here)
        sizes = Sizes(min(before.min, desired), desired, max(before.max, desired))
        self._do(Resize(sizes), state)
        self._do(Resume(suspended), state)
        if desired <= before.desired:
            self._do(Forget(), state)
        return _stands(sizes, idle, before.desired)

    def _do(self, step: Step, state: State) -> None:
        self.actor.do(step, state, self.lookout.nodes)

    def _reopen(self, state: State) -> None:
        """Lets pods onto the nodes again that a roll has cordoned."""
        self._do(Uncordon(tuple(machine for machine in state.alive if machine.marked)), state)

    def _without_pods(self, state: State, machines: Sequence[Machine]) -> list[Machine]:
        """Those that carry no pods, nor will: they are cordoned."""
        self._do(Cordon(tuple(machines)), state)
        nodes = [machine.node for machine in machines if machine.node]
        pods = pods_to_evict(self.lookout.kubernetes.list_all(PODS), nodes, ANYTHING) if nodes else []
        busy = {pod.node for pod in pods}
        return [machine for machine in machines if machine.node not in busy]


def _stands(sizes: Sizes, idle: Sequence[Machine], desired: int) -> str:
    """What a group is left like, in words."""
    text = ["Every node takes pods again that did before"]
    if idle:
        text.append(f"What was launched and carries no pods is terminated: {names(idle)}")
    least, now, most = sizes
    text.append(f"Its processes are as before; min_size is {least}, desired_size {now}, max_size {most}")
    if now > desired:
        text.append(
            f"That is {now - desired} more than before, which carry pods or stand in for nodes that are not Ready: the "
            "next run goes on from there"
        )
    return ". ".join(text)


def passing(error: AwsError | KubernetesError) -> bool:
    """Whether the same may well succeed when the group is looked at again."""
    if isinstance(error, AwsError):
        return error.transient or error.code in BUSY
    return error.transient or error.not_found
