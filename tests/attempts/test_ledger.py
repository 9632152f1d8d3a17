import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.attempts.attempt import Attempt, JudgedAttempt
from pipeline.attempts.ledger import Ledger
from pipeline.attempts.verdict import Reason, Scores, Verdict

SLOTS = [f"slot-{number}" for number in range(6)]
MAX_ATTEMPTS = 4

# What the generator and the judge would say of each attempt: passes or not, and its fingerprint. Few different
# fingerprints, so that duplicates abound.
worlds = st.fixed_dictionaries(
    {
        (slot, number): st.tuples(st.booleans(), st.sampled_from([0, 0b1111, 0b11110000, 0b111100000000]))
        for slot in SLOTS
        for number in range(MAX_ATTEMPTS)
    }
)


def judged(world, slot, number):
    passes, fingerprint = world[slot, number]
    verdict = Verdict(None if passes else Reason.NO_FACE, Scores(faces=1, contrast=0.2))
    return JudgedAttempt(Attempt(slot, number, 0, "", ""), verdict, b"", fingerprint, 1, 1, 0.0)


def outcome(ledger):
    filled = [None if entry is None else (entry.attempt.slot_id, entry.attempt.number) for entry in ledger.filled()]
    attempts = [(a.attempt.slot_id, a.attempt.number, a.verdict.reason) for a in ledger.attempts()]
    return filled, attempts


def play(world, order, ahead=0, spooled=()):
    """Runs a ledger to its end; `order` decides which of the attempts in flight is judged next."""
    ledger = Ledger(SLOTS, MAX_ATTEMPTS, 0)
    for slot, number in spooled:
        ledger.record(judged(world, slot, number))
    in_flight = []
    while not ledger.complete:
        in_flight += ledger.take(order.randint(1, 3)) + ledger.take_ahead(order.randint(0, ahead))
        ledger.record(judged(world, *in_flight.pop(order.randrange(len(in_flight)))))
    return outcome(ledger)


def by_the_book(world):
    """The rule, slot after slot: the lowest attempt that passes and repeats no earlier slot's picture."""
    kept, filled, attempts = set(), [], []
    for slot in SLOTS:
        for number in range(MAX_ATTEMPTS):
            passes, fingerprint = world[slot, number]
            reason = None if passes and fingerprint not in kept else Reason.DUPLICATE if passes else Reason.NO_FACE
            attempts.append((slot, number, reason))
            if reason is None:
                kept.add(fingerprint)
                filled.append((slot, number))
                break
        else:
            filled.append(None)
    return filled, attempts


@settings(max_examples=300, deadline=None)
@given(world=worlds, seed=st.integers(0, 2**32))
def test_the_outcome_is_the_same_in_whatever_order_verdicts_arrive(world, seed):
    assert play(world, random.Random(seed)) == by_the_book(world)


@settings(max_examples=200, deadline=None)
@given(world=worlds, seed=st.integers(0, 2**32))
def test_attempts_made_ahead_change_nothing(world, seed):
    assert play(world, random.Random(seed), ahead=3) == by_the_book(world)


@settings(max_examples=200, deadline=None)
@given(world=worlds, seed=st.integers(0, 2**32), data=st.data())
def test_a_ledger_goes_on_from_any_spool(world, seed, data):
    made = data.draw(st.lists(st.sampled_from(sorted(world)), unique=True))
    assert play(world, random.Random(seed), spooled=made) == by_the_book(world)


def test_no_attempt_is_asked_for_twice():
    ledger = Ledger(["a", "b"], 3, 0)
    taken = ledger.take(1) + ledger.take(5) + ledger.take_ahead(5) + ledger.take(5)
    assert sorted(taken) == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_near_pictures_are_duplicates_up_to_the_distance():
    def fill(distance):
        world = {("a", 0): (True, 0b0), ("b", 0): (True, 0b11), ("b", 1): (True, 0b111)}
        ledger = Ledger(["a", "b"], 2, distance)
        for place in world:
            ledger.record(judged(world, *place))
        return [None if entry is None else entry.attempt.number for entry in ledger.filled()]

    assert fill(1) == [0, 0]
    assert fill(2) == [0, 1]
    assert fill(3) == [0, None]
    assert fill(-1) == [0, 0]
