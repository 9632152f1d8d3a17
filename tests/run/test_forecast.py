from pipeline.run.forecast import forecast
from tests.datasets_made import make, small_request


def test_a_forecast_before_the_first_run_counts_and_writes_nothing(tmp_path):
    told = forecast(small_request(tmp_path / "none"))
    assert (told.cells, told.pictures, told.shards, told.there) == (12, 12, {"train": 2}, 0)
    assert told.seconds_left is None
    assert "unknown before the first pictures" in told.as_text()
    assert not (tmp_path / "none").exists()


def test_a_batch_can_be_timed_for_the_estimate(tmp_path):
    told = forecast(small_request(tmp_path / "none"), measure=True)
    assert told.seconds_an_attempt > 0
    assert told.seconds_left == told.seconds_an_attempt * 12


def test_a_forecast_of_an_extension_knows_what_is_there_and_how_it_went(tmp_path):
    make(small_request(tmp_path / "some"))
    told = forecast(small_request(tmp_path / "some", images_per_cell=2))
    assert (told.pictures, told.there, told.shards) == (24, 12, {"train": 4})
    assert 0 < told.acceptance <= 1
    assert told.seconds_left > 0
