from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.labels.published import Ratings, Votes, read_published
from tests.evaluation.making import write_ratings, write_votes

VOTES_HEADER = "path,annotator,value,emotion\n"
RATINGS_HEADER = "image,annotator,human,annotations\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "published.csv"


def read_votes(file: Path, text: str) -> Votes:
    file.write_text(VOTES_HEADER + text)
    votes = read_published(file)
    assert isinstance(votes, Votes)
    return votes


def read_ratings(file: Path, *rows) -> Ratings:
    ratings = read_published(write_ratings(file, rows))
    assert isinstance(ratings, Ratings)
    return ratings


def rating_of(ratings: Ratings, annotator: str, image: str, emotion: str) -> float:
    place = (ratings.annotators.index(annotator), ratings.images.index(image), ratings.emotions.index(emotion))
    return float(ratings.values[place])


def test_votes_keep_leading_zeros_apart_and_gather_units(file: Path):
    votes = read_votes(file, "00001,human-1,True,Anger\n1,human-1,False,Anger\n00001,human-2,false,Anger\n")
    assert (votes.rows, votes.repeats, votes.images, votes.annotators) == (3, 0, 2, ("human-1", "human-2"))
    assert votes.emotions == ("Anger",)
    np.testing.assert_array_equal(votes.answers, [[1, 0], [0, np.nan]])


def test_hopelessness_and_helplessness_are_one_emotion(file: Path):
    votes = read_votes(file, "1,a,True,Hopelessness\n1,b,True,Helplessness\n1,a,False,Fear\n")
    assert votes.emotions == ("Fear", "Helplessness")
    assert votes.answers.shape == (2, 2)
    np.testing.assert_array_equal(votes.emotion_of, [1, 0])


def test_of_repeated_votes_the_last_counts(file: Path):
    votes = read_votes(file, "1,a,True,Anger\n1,a,False,Anger\n")
    assert votes.repeats == 1
    np.testing.assert_array_equal(votes.answers, [[0]])


def test_columns_may_come_in_another_order_beside_others_and_after_a_byte_order_mark(file: Path):
    file.write_text("emotion,value,note,annotator,path\nAnger,True,,a,1\n\n", encoding="utf-8-sig")
    votes = read_published(file)
    assert isinstance(votes, Votes)
    assert (votes.rows, votes.emotions) == (1, ("Anger",))


def test_a_rating_that_is_not_mentioned_is_zero_and_an_image_not_rated_is_missing(file: Path):
    ratings = read_ratings(file, ("x", "a", True, {"Any Group|Anger": 3}), ("y", "b", True, {}))
    assert len(ratings.emotions) == 40
    assert rating_of(ratings, "a", "x", "Anger") == 3
    assert rating_of(ratings, "a", "x", "Fear") == 0
    assert rating_of(ratings, "b", "y", "Anger") == 0
    assert np.isnan(rating_of(ratings, "a", "y", "Anger"))


def test_repeated_ratings_are_averaged_zeros_included(file: Path):
    ratings = read_ratings(file, ("x", "a", True, {"G|Anger": 3, "G|Fear": 1}), ("x", "a", True, {"G|Anger": 6}))
    assert (ratings.rows, ratings.repeats) == (2, 1)
    assert rating_of(ratings, "a", "x", "Anger") == 4.5
    assert rating_of(ratings, "a", "x", "Fear") == 0.5


def test_people_come_before_models(file: Path):
    ratings = read_ratings(file, ("x", "a-model", False, {"G|Hopelessness": 2.5}), ("x", "human-1", True, {}))
    assert (ratings.annotators, ratings.human) == (("human-1", "a-model"), (True, False))
    assert ratings.of_humans.shape == (1, 1, 40)
    assert rating_of(ratings, "a-model", "x", "Helplessness") == 2.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        (VOTES_HEADER, "has a header and no rows"),
        ("path,annotator,values,emotion\n", "no column 'value'; did you mean 'values'?"),
        ("image,annotator,annotations\n", "no column 'human'"),
        (VOTES_HEADER + "1,a,True,Anger\n1,a,maybe,Anger\n", "line 3, column value: 'maybe' is neither True nor False"),
        (VOTES_HEADER + "1,a,True,Angr\n", "line 2, column emotion: unknown emotion 'Angr'; did you mean 'Anger'?"),
        (VOTES_HEADER + "1,a,True\n", "line 2: has 3 fields where the header has 4"),
        (VOTES_HEADER + "1,,True,Anger\n", "line 2, column annotator: is empty"),
        (VOTES_HEADER + '1,a,True,"Anger\n', "is not valid CSV"),
        (RATINGS_HEADER + 'x,a,True,"{""G|Anger"": 8}"\n', "line 2, column annotations: 'G|Anger' is rated 8"),
        (RATINGS_HEADER + 'x,a,True,"{""G|Anger"": -1}"\n', "ratings are numbers from 0 to 7"),
        (RATINGS_HEADER + 'x,a,True,"{""G|Anger"": NaN}"\n', "'G|Anger' is rated NaN"),
        (RATINGS_HEADER + 'x,a,True,"{""G|Anger"": true}"\n', "'G|Anger' is rated true"),
        (RATINGS_HEADER + 'x,a,True,"{""G|Anger"": ""3""}"\n', "'G|Anger' is rated \"3\""),
        (RATINGS_HEADER + 'x,a,True,"{""G|Rage"": 1}"\n', "line 2, column annotations: unknown emotion 'Rage'"),
        (RATINGS_HEADER + 'x,a,True,"{""G|Anger"": 1, ""Anger"": 2}"\n', "rates Anger twice"),
        (RATINGS_HEADER + "x,a,True,{'Anger': 1}\n", "line 2, column annotations: not JSON"),
        (RATINGS_HEADER + "x,a,True,[]\n", "line 2, column annotations: expected an object"),
        (RATINGS_HEADER + "x,a,perhaps,{}\n", "line 2, column human: 'perhaps' is neither True nor False"),
        (RATINGS_HEADER + "x,a,True,{}\ny,a,False,{}\n", "line 3, column human: a is False here and True above"),
        (RATINGS_HEADER + "x,a,False,{}\n", "no row has human True"),
    ],
)
def test_bad_input_gets_one_line_that_names_the_file_and_the_place(file: Path, text: str, complaint: str):
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_published(file)
    assert str(error.value).startswith(f"{file}: ")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_text_file_is_refused_in_one_line(tmp_path: Path, file: Path):
    for path, complaint in ((tmp_path, "cannot be read"), (tmp_path / "none.csv", "cannot be read")):
        with pytest.raises(InputError, match=complaint):
            read_published(path)
    file.write_bytes(b"PAR1\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_published(file)


def test_a_column_of_votes_written_back_reads_the_same(file: Path):
    rows = [("00000", "human-1", True, "Pleasure/Ecstasy"), ("00000", "human-3", False, "Jealousy & Envy")]
    votes = read_published(write_votes(file, rows))
    assert isinstance(votes, Votes)
    assert votes.emotions == ("Pleasure/Ecstasy", "Jealousy & Envy")
