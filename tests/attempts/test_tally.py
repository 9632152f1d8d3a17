from pipeline.attempts.attempt import Attempt, JudgedAttempt
from pipeline.attempts.tally import SHEET_REJECTS, Tally, reasons_text
from pipeline.attempts.verdict import Reason, Scores, Verdict


def judged(reason, number=0):
    return JudgedAttempt(Attempt("slot", number, 0, "", ""), Verdict(reason, Scores(0, 0.1)), b"", 0, 1, 1, 1.0)


def test_a_tally_counts_attempts_acceptance_and_reasons():
    tally = Tally()
    for reason in (None, Reason.NO_FACE, None, Reason.POSE, Reason.POSE):
        tally.add(judged(reason))
    progress = tally.progress
    assert (progress.attempts, progress.accepted, progress.acceptance) == (5, 2, 0.4)
    assert reasons_text(progress.reasons) == "pose 2, no_face 1"


def test_attempts_that_bring_nothing_on_end_are_counted_from_the_last_accepted():
    tally = Tally()
    for reason in (Reason.BLANK, None, Reason.BLANK, Reason.BLANK):
        tally.add(judged(reason))
    assert tally.progress.barren == 2


def test_the_latest_rejects_are_kept_and_no_more():
    tally = Tally()
    for number in range(SHEET_REJECTS + 10):
        tally.add(judged(Reason.NO_FACE, number))
    assert [reject.attempt.number for reject in tally.last_rejects] == list(range(10, SHEET_REJECTS + 10))


def test_no_attempts_are_no_acceptance_and_no_reasons():
    assert Tally().progress.acceptance == 0
    assert reasons_text({}) == "none"
