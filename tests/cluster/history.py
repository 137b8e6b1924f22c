"""What clients did and were told, and whether it can be so.

Times are those of one monotonic clock. A change is in force from its acknowledgement on: at once on
its node, and on every node from the bound after it on, until the next change of the same is asked
for.
"""

import threading
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass


@dataclass
class Phase:
    """A value that was acknowledged."""

    value: object
    # When it was asked for, when it was acknowledged, and when the next value was asked for.
    asked: float
    acknowledged: float
    until: float = float("inf")


class Register:
    """One thing that only one client changes, with all values that it had."""

    def __init__(self, value, asked, acknowledged):
        self.phases = [Phase(value, asked, acknowledged)]

    @property
    def value(self):
        return self.phases[-1].value

    def ask(self, now):
        self.phases[-1].until = min(self.phases[-1].until, now)

    def acknowledge(self, value, asked, now):
        self.phases.append(Phase(value, asked, now))

    def settled(self, start, end, bound):
        """The value that everybody must see who asks at `start` and is answered at `end`; none if
        it was being changed."""
        place = bisect_right(self.phases, start - bound, key=lambda phase: phase.acknowledged) - 1
        if place < 0:
            return None
        phase = self.phases[place]
        return phase if end <= phase.until else None


@dataclass
class Key:
    """A KMS key and what is known of it. One client changes it, all use it."""

    key_id: str
    enabled: Register
    permitted: Register
    # Names of the key material.
    material: Register
    description: str = ""
    rotations: int = 0
    rotations_unknown: int = 0


@dataclass
class Use:
    """One use of a key, by whomever."""

    node: int
    key: Key
    start: float
    end: float
    # An exception, or the name of the key material that was used.
    code: str | None
    material: str | None


class History:
    def __init__(self):
        self.lock = threading.Lock()
        self.keys = []
        self.uses = []
        self.ciphertexts = []
        self.counts = Counter()

    def add(self, use):
        with self.lock:
            self.uses.append(use)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def faults(self, bound):
        """What cannot be: each a text."""
        for use in self.uses:
            key = use.key
            enabled = key.enabled.settled(use.start, use.end, bound)
            permitted = key.permitted.settled(use.start, use.end, bound)
            if use.code is None:
                if enabled and not enabled.value:
                    yield self.told(use, enabled, "a disabled key was used")
                if permitted and not permitted.value:
                    yield self.told(use, permitted, "a key was used that its policy forbids")
                material = key.material.settled(use.start, use.end, bound)
                if material and use.material != material.value:
                    yield self.told(use, material, f"{use.material} was used, not the newest")
            elif use.code == "DisabledException":
                if enabled and enabled.value:
                    yield self.told(use, enabled, "a key was disabled that is enabled")
            elif use.code == "AccessDeniedException":
                if permitted and permitted.value:
                    yield self.told(use, permitted, "a key was forbidden that is permitted")
            else:
                yield f"node {use.node} answered {use.code}"

    def checked(self, bound):
        """How many uses showed what they had to, by what that was: a test that saw none proves
        nothing."""
        checked = Counter()
        for use in self.uses:
            enabled = use.key.enabled.settled(use.start, use.end, bound)
            permitted = use.key.permitted.settled(use.start, use.end, bound)
            material = use.key.material.settled(use.start, use.end, bound)
            checked["disabled"] += bool(enabled and not enabled.value)
            checked["forbidden"] += bool(permitted and not permitted.value and use.code)
            checked["rotated"] += bool(material and len(use.key.material.phases) > 1)
        return checked

    @staticmethod
    def told(use, phase, what):
        late = use.start - phase.acknowledged
        return (
            f"node {use.node}: {what}, {late:.3f} s after it was acknowledged; "
            f"the request took {use.end - use.start:.3f} s, the change "
            f"{phase.acknowledged - phase.asked:.3f} s ({use.key.key_id})"
        )
