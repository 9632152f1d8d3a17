import numpy as np
import pytest

from pipeline.evaluation.bootstrap import draw_times, estimates


def test_the_first_draw_is_the_sample_itself_and_each_draw_has_as_many_pictures():
    times = np.hstack(list(draw_times(7, resamples=20)))
    assert times.shape == (7, 21)
    assert (times[:, 0] == 1).all()
    assert (times.sum(0) == 7).all()


def test_draws_are_the_same_every_time_and_differ_by_seed():
    first, again, other = (np.hstack(list(draw_times(9, 30, seed))) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_pictures_are_drawn_alike():
    times = np.hstack(list(draw_times(5, resamples=4_000)))[:, 1:]
    # counts are binomial: mean 1, variance 1 - 1/5, covariance -1/5
    np.testing.assert_allclose(np.cov(times), np.eye(5) - 0.2, atol=0.06)
    np.testing.assert_allclose(times.mean(1), 1, atol=0.06)


def test_more_pictures_than_fit_at_once_come_in_blocks_of_the_same_width_in_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipeline.evaluation.bootstrap._AT_ONCE", 20)
    blocks = list(draw_times(7, resamples=5))
    assert [block.shape for block in blocks] == [(7, 3), (7, 2), (7, 1)]


def test_intervals_are_numpys_percentiles_of_the_draws_that_are_defined():
    draws = np.random.default_rng(0).normal(size=(3, 101))
    draws[1, 1:60:2] = np.nan
    draws[2, 2:] = np.nan
    for row, one in zip(draws, estimates(draws), strict=True):
        assert one.value == row[0]
        assert (one.low, one.high) == pytest.approx(tuple(np.nanquantile(row[1:], [0.025, 0.975])))


def test_what_is_undefined_has_no_interval_and_what_no_draw_defines_neither():
    draws = np.array([[np.nan, 1.0, 2.0], [1.0, np.nan, np.nan]])
    lost, alone = estimates(draws)
    assert np.isnan([lost.value, lost.low, lost.high, alone.low, alone.high]).all()
    assert (lost.defined, alone.defined) == (False, True)


def test_biased_rows_have_their_interval_reflected_cut_and_widened_to_the_figure():
    draws = np.array([[1.5, *np.linspace(1, 3, 101)]])
    (plain,), (reflected,), (cut,) = (
        estimates(draws, biased) for biased in ({}, {0: (-np.inf, np.inf)}, {0: (0.5, 1.7)})
    )
    assert (plain.low, plain.high) == pytest.approx((1.05, 2.95))
    assert (reflected.low, reflected.high) == pytest.approx((3 - 2.95, 3 - 1.05))
    assert (cut.low, cut.high) == (0.5, 1.7)
    for value in (0.0, 4.0):
        (wide,) = estimates(np.array([[value, *np.linspace(1, 3, 101)]]), {0: (-np.inf, np.inf)})
        assert wide.low <= value <= wide.high
        assert value in (wide.low, wide.high)


def test_the_interval_of_a_share_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = 0
    for seed in range(200):
        answers = (rng.random(80) < 0.3).astype(float)
        times = np.hstack(list(draw_times(80, 300, seed)))
        (share,) = estimates((answers @ times)[None] / 80)
        covered += share.low <= 0.3 <= share.high
    assert 0.88 <= covered / 200 <= 0.99
