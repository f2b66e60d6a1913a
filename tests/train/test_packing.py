from __future__ import annotations

import json

import numpy as np
import pytest

from tokalign.errors import TokalignError
from tokalign.train.contamination import Forbidden
from tokalign.train.corpus import read_articles
from tokalign.train.packing import Sequences, Slice, documents, pack
from tokalign.train.tokenizer import END_ID, START_ID


def test_nothing_is_lost(corpus, tokenizer, data):
    ids = np.fromfile(data / "train.bin", dtype="<u2")
    texts = [text for found in read_articles(corpus, 0, 200) for text in documents(found)]
    rows = np.split(ids, np.flatnonzero(ids == START_ID))[1:]
    assert [tokenizer.decode(row.tolist()) for row in rows] == [" " + text for text in texts]
    told = json.loads((data / "train.bin.json").read_text())
    assert (told["tokens"], told["documents"], told["articles"]) == (len(ids), len(texts), 200)
    assert told["left_out"] == 0


def test_paragraphs_with_a_forbidden_sentence_are_left_out(
    tmp_path, corpus, tokenizer, tokenizer_file
):
    sentence = next(read_articles(corpus)).paragraphs[0].split(". ")[0]
    made = pack([Slice(corpus, 0, 3)], tokenizer_file, tokenizer, Forbidden([sentence]),
                tmp_path / "x.bin")  # fmt: skip
    text = tokenizer.decode(np.fromfile(tmp_path / "x.bin", dtype="<u2").tolist())
    assert made.left_out == 1
    assert sentence not in text


def test_sequences_cover_the_file_and_overlap_by_one(data):
    ids = np.fromfile(data / "train.bin", dtype="<u2")
    found = Sequences(data / "train.bin", 32, START_ID, seed=0)
    joined = np.concatenate([found.at(number)[:-1] for number in range(len(found))])
    assert (joined == ids[: len(joined)]).all()
    assert len(ids) - len(joined) <= 32
    assert found.at(0)[-1] == found.at(1)[0]


def test_each_time_through_every_sequence_comes_once_in_another_order(data):
    found = Sequences(data / "train.bin", 32, START_ID, seed=0)
    count = len(found)
    first, second = ([found.batch(step, 1)[0] for step in range(start, start + count)]
                     for start in (0, count))  # fmt: skip
    whole = sorted(found.at(number).tolist() for number in range(count))
    assert sorted(row.tolist() for row in first) == whole
    assert sorted(row.tolist() for row in second) == whole
    assert not all((a == b).all() for a, b in zip(first, second, strict=True))


def test_a_batch_depends_on_its_step_and_the_seed_alone(data):
    def at(step, seed):
        return Sequences(data / "train.bin", 32, START_ID, seed).batch(step, 4)

    going = Sequences(data / "train.bin", 32, START_ID, 0)
    for step in (0, 1, 200, 2):
        assert (going.batch(step, 4) == at(step, 0)).all()
    assert (at(3, 0) != at(3, 1)).any()


def test_a_model_sees_its_own_separator(data):
    found = Sequences(data / "train.bin", 32, END_ID, seed=0)
    rows = found.span(0, len(found))
    assert (rows == END_ID).any()
    assert not (rows == START_ID).any()


def test_errors(tmp_path, corpus, tokenizer, tokenizer_file):
    with pytest.raises(TokalignError, match=r"tokalign.train pack.*makes it"):
        Sequences(tmp_path / "missing.bin", 32, START_ID, 0)
    pack([Slice(corpus, 0, 1)], tokenizer_file, tokenizer, Forbidden([]), tmp_path / "short.bin")
    with pytest.raises(TokalignError, match="tokens, fewer than a sequence"):
        Sequences(tmp_path / "short.bin", 512, START_ID, 0)
    (tmp_path / "short.bin.json").write_text('{"tokens": 1}')
    with pytest.raises(TokalignError, match="no manifest of packed tokens"):
        Sequences(tmp_path / "short.bin", 32, START_ID, 0)
    with pytest.raises(TokalignError, match="no text to train on"):
        pack([Slice(corpus, 999)], tokenizer_file, tokenizer, Forbidden([]), tmp_path / "x.bin")
    assert not (tmp_path / "x.bin").exists()
