import pipeline.progress
from pipeline.attempts.tally import Progress
from pipeline.progress import show, silent


def test_a_pipe_gets_plain_lines_with_rate_acceptance_and_time_left(capsys, monkeypatch):
    monkeypatch.setattr(pipeline.progress, "SECONDS_BETWEEN_LINES", 0.05)
    now = Progress(attempts=10, accepted=8, reasons={}, barren=0)
    with show("faces", 2, 20, lambda: now):
        while "faces" not in (told := capsys.readouterr().err):
            pass
    assert told.startswith("faces: 10/20 pictures, ")
    assert "80% accepted" in told
    assert "s left" in told


def test_callers_that_want_silence_get_it(capsys, monkeypatch):
    monkeypatch.setattr(pipeline.progress, "SECONDS_BETWEEN_LINES", 0.01)
    token = silent.set(True)
    with show("faces", 0, 1, lambda: Progress(0, 0, {}, 0)):
        pass
    silent.reset(token)
    assert capsys.readouterr().err == ""
