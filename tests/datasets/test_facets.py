"""The project's faceted texts keep to their design, and files that do not are refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tokalign.datasets import frames, load_texts, near_duplicates
from tokalign.datasets.facet_instructions import Style, read_facets
from tokalign.datasets.facets import (
    FacetTexts,
    balanced_indices,
    facet_instructions,
    load_facets,
    load_labelled_facet,
    own_facet_rows,
)
from tokalign.datasets.files import Document
from tokalign.errors import TokalignError
from tokalign.tokens.forms import normal_form
from tokalign.train.contamination import Forbidden, evaluation_texts

ROOT = Path(__file__).parents[2]
WORD = re.compile(r"[^\W_]+")
Write = Callable[[str, str | bytes], Path]
STYLES: tuple[Style, ...] = ("instruction", "eol")
# By group: pairs of labels, texts of each, and how many of these may be held out.
DESIGN = {"reviews": (36, 4, {1, 2}), "requests": (25, 6, {2})}

# What is made from a label's word and does not share its stem; the stem is looked for besides.
DERIVATIVES = {
    "food": "foodie foodies foodstuff seafood",
    "travel": "travels traveller travellers traveler travelled traveling travelogue",
    "music": "musically musicality musicology musicologist",
    "health": "healthier healthiest healthily unhealthy healthcare",
    "work": "works worked workers workplace workshop workload workout overworked homework",
    "sport": "sporty sportsman sportswoman sportsmanship spoilsport",
    "anger": "angered angering angrier angrily",
    "fear": "feared fearing fearfully fearless fearsome",
    "hope": "hoped hopefully hopeless hopelessly",
    "love": "lover lovers lovely loveliest lovingly unloved lovable",
    "relief": "relieve relieves relieving",
    "sadness": "sadly sadder saddest sadden saddened",
    "booking": "books booklet bookable overbooked rebook textbook cookbook notebook",
    "complaint": "complains complaining complainant uncomplaining",
    "advice": "advises advising adviser advisers advisory advisable unadvisable",
    "purchase": "purchasing purchaser purchasable",
    "cancellation": "cancels cancelling canceling",
    "hotel": "hotelier hoteliers motel",
    "hospital": "hospitalise hospitalised hospitalisation hospitable hospitality",
    "school": "schooled schoolboy schoolgirl schoolteacher schoolyard preschool",
    "museum": "museumgoer museology",
    "restaurant": "restaurateur restaurateurs",
}


@pytest.fixture(scope="module", params=list(DESIGN))
def held(request: pytest.FixtureRequest) -> FacetTexts:
    return load_facets(request.param)


@pytest.fixture(scope="module")
def everything() -> FacetTexts:
    return load_facets()


def words_of(text: str) -> list[str]:
    return [word.casefold() for word in WORD.findall(text)]


def cells_of(held: FacetTexts) -> list[tuple[int, ...]]:
    return list(zip(*(numbers.tolist() for numbers in held.labels.values()), strict=True))


def test_each_pair_of_labels_has_the_same_number(held: FacetTexts) -> None:
    pairs, each, _ = DESIGN[held.facets[0].group]
    first, second = held.facets
    assert first.group == second.group
    counts = Counter(cells_of(held))
    assert set(counts) == set(product(range(len(first.labels)), range(len(second.labels))))
    assert len(counts) == pairs
    assert set(counts.values()) == {each}


def test_one_third_is_held_out_of_each_label(held: FacetTexts) -> None:
    _, _, allowed = DESIGN[held.facets[0].group]
    assert 3 * held.held_out.sum() == len(held)
    for numbers in held.labels.values():
        counts = Counter(numbers[held.held_out].tolist())
        assert set(counts.values()) == {held.held_out.sum() // len(counts)}
    within = Counter(cells_of(held.take(np.flatnonzero(held.held_out).tolist())))
    assert len(within) == DESIGN[held.facets[0].group][0]
    assert set(within.values()) == allowed


def test_each_text_has_the_facets_of_its_group(everything: FacetTexts) -> None:
    labels = everything.labels
    reviews = labels["topic"] >= 0
    assert ((labels["emotion"] >= 0) == reviews).all()
    assert ((labels["intent"] >= 0) == ~reviews).all()
    assert ((labels["place"] >= 0) == ~reviews).all()
    assert len(everything) == sum(pairs * each for pairs, each, _ in DESIGN.values())


def test_lengths_and_ends(everything: FacetTexts) -> None:
    assert [t for t in everything.texts if not 8 <= len(t.split()) <= 45] == []
    assert [t for t in everything.texts if len(re.findall(r"[.?!](?=\s|$)", t)) not in (1, 2)] == []
    assert [t for t in everything.texts if not t.endswith((".", "?", "!"))] == []


def test_no_label_is_told(held: FacetTexts) -> None:
    labels = [label for facet in held.facets for label in facet.labels]
    plain = {word for label in labels for word in (*label.words, *DERIVATIVES[label.name].split())}
    stems = {normal_form(word) for word in plain}
    told = [
        (word, text)
        for text in held.texts
        for word in words_of(text)
        if word in plain or normal_form(word) in stems - {None}
    ]
    assert told == []


def test_texts_are_of_different_build(everything: FacetTexts) -> None:
    texts = everything.texts
    assert len({text.casefold() for text in texts}) == len(texts)
    assert [(texts[i], texts[j]) for i, j, _ in near_duplicates(texts, 0.6)] == []
    assert [frame for frame, count in frames(texts).items() if count > 3] == []


def test_none_is_in_the_training_data_that_was_written(everything: FacetTexts) -> None:
    path = ROOT / "tokalign" / "train" / "contrastive" / "written_triples.jsonl"
    written = list(evaluation_texts([path]))
    assert len(written) > 100
    forbidden = Forbidden(everything.texts)
    assert [text for text in written if forbidden.within(text)] == []
    forbidden = Forbidden(written)
    assert [text for text in everything.texts if forbidden.within(text)] == []


def test_the_data_sheet_says_what_the_file_holds(everything: FacetTexts) -> None:
    sheet = (ROOT / "data" / "facets.md").read_text("utf-8")
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in sheet.splitlines()]
    told = {tuple(row[:2]): tuple(row[2:]) for row in rows if len(row) == 5 and row[2].isdigit()}
    n_words = np.array([len(text.split()) for text in everything.texts])

    def line(chosen: np.ndarray) -> tuple[str, str, str]:
        kept = everything.held_out[chosen].sum()
        return str(chosen.sum()), str(kept), f"{mean(n_words[chosen].tolist()):.1f}"

    found = {
        (facet.name, label.name): line(everything.labels[facet.name] == number)
        for facet in everything.facets
        for number, label in enumerate(facet.labels)
    }
    assert told == {**found, ("all", ""): line(np.ones(len(everything), bool))}
    assert f"{len(everything)} English texts of one or two sentences" in sheet
    assert f"{n_words.min()} to {n_words.max()} words, {n_words.sum():,} in all" in sheet
    questions = sum(text.endswith("?") for text in everything.texts)
    assert f"{questions} end as questions" in sheet
    assert f"the largest is {near_duplicates(everything.texts, 0.1)[0][2]:.2f}" in sheet


def test_the_data_sheet_names_every_label_word() -> None:
    sheet = (ROOT / "data" / "facets.md").read_text("utf-8")
    for facet in read_facets().values():
        for label in facet.labels:
            assert f"{label.word} ({', '.join(label.variants)})" in " ".join(sheet.split())


@pytest.mark.parametrize("style", STYLES)
def test_each_facet_is_asked_for_in_five_ways(style: Style) -> None:
    for facet in read_facets():
        asked = facet_instructions(facet, style)
        assert [one.wording for one in asked] == [1, 2, 3, 4, 5]
        assert [one.held_out for one in asked] == [False, False, False, True, True]
        assert {(one.kind, one.facet, one.style) for one in asked} == {("asked", facet, style)}
    empty, *irrelevant = facet_instructions(None, style)
    assert (empty.kind, empty.held_out) == ("empty", False)
    assert [one.held_out for one in irrelevant] == [False, False, False, True, True]
    assert {one.kind for one in irrelevant} == {"irrelevant"}


@pytest.mark.parametrize("style", STYLES)
def test_instructions_differ_and_tell_no_label(style: Style) -> None:
    facets = read_facets()
    every = [one for facet in (None, *facets) for one in facet_instructions(facet, style)]
    assert len({one.text for one in every}) == len(every) == 6 + 5 * len(facets)
    stems = {
        normal_form(word)
        for facet in facets.values()
        for label in facet.labels
        for word in (*label.words, *DERIVATIVES[label.name].split())
    } - {None}
    assert [one.text for one in every if stems & {normal_form(w) for w in words_of(one.text)}] == []
    for one in every:
        assert one.text.count("{text}") == (style == "eol")
        assert style == "instruction" or one.text.endswith(':"')
        # Whatever carries content for the measures is named: nothing of it may count as a hit.
        content = {normal_form(w) for w in words_of(one.text.replace("{text}", ""))}
        assert content - {None, "s"} <= {normal_form(word) for word in one.named_words}


def test_empty_controls() -> None:
    assert facet_instructions(None)[0].text == ""
    assert facet_instructions(None)[0].named_words == ()
    assert facet_instructions(None, "eol")[0].text == 'This sentence : "{text}" means in one word:"'


def test_each_label_can_be_one_token_of_the_miniatures() -> None:
    path = ROOT / "data" / "models" / "mini-gpt-neo" / "tokenizer.json"
    assert without_a_token(Tokenizer.from_file(str(path))) == []


@pytest.mark.shared
def test_each_word_is_one_token_of_gpt2(shared: Path) -> None:
    path = shared / "models" / "gpt2_tokenizer" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    assert without_a_token(tokenizer) == []
    words = [label.word for facet in read_facets().values() for label in facet.labels]
    assert [word for word in words if len(tokenizer.encode(f" {word}").ids) > 1] == []


def without_a_token(tokenizer: Tokenizer) -> list[str]:
    return [
        label.word
        for facet in read_facets().values()
        for label in facet.labels
        if min(len(tokenizer.encode(f" {word}").ids) for word in label.words) > 1
    ]


def test_words_alone_do_not_give_the_facets_away(everything: FacetTexts) -> None:
    """What the data sheet says of a classifier that sees words only."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    sheet = (ROOT / "data" / "facets.md").read_text("utf-8")
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for facet in everything.facets:
        chosen = np.flatnonzero(everything.labels[facet.name] >= 0)
        texts = [everything.texts[i] for i in chosen]
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10, max_iter=2000)
        )
        scores = cross_val_score(model, texts, everything.labels[facet.name][chosen], cv=folds)
        told = re.search(rf"\| {facet.name} \| (0\.\d\d) \| 0\.\d\d \| 0\.\d\d \|", sheet)
        assert told is not None
        assert float(told[1]) == pytest.approx(scores.mean(), abs=0.03)


@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(-3, 2**40),
)
def test_samples_nest_and_balance(pairs: list[tuple[int, int]], a: int, b: int, seed: int) -> None:
    labels = {"a": np.array([p[0] for p in pairs]), "b": np.array([p[1] for p in pairs])}
    small, large = (balanced_indices(labels, n, seed) for n in (min(a, b), max(a, b)))
    assert set(small) <= set(large)
    assert large == sorted(set(large))
    assert len(large) == min(len(pairs), max(a, b))
    there, taken = Counter(pairs), Counter(pairs[i] for i in large)
    most = max(taken.values())
    # A combination is behind the fullest by more than one only where it has no more to give.
    assert [cell for cell in there if taken[cell] < min(most - 1, there[cell])] == []


@given(st.integers(1, 144), st.integers(0, 100))
def test_samples_of_our_own_take_labels_evenly(limit: int, seed: int) -> None:
    labels = load_reviews().labels
    chosen = balanced_indices(labels, limit, seed)
    for numbers in labels.values():
        counts = np.bincount(numbers[chosen], minlength=6)
        assert counts.max() - counts.min() <= 2


_reviews: list[FacetTexts] = []


def load_reviews() -> FacetTexts:
    if not _reviews:
        _reviews.append(load_facets("reviews"))
    return _reviews[0]


def test_the_limit_keeps_texts_labels_and_order_together(everything: FacetTexts) -> None:
    part = load_facets(limit=40, seed=3)
    where = [everything.texts.index(text) for text in part.texts]
    assert where == sorted(where)
    for name, numbers in part.labels.items():
        assert numbers.tolist() == everything.labels[name][where].tolist()
    assert part.held_out.tolist() == everything.held_out[where].tolist()
    assert len(part) == 40
    assert set(part.texts) != set(load_facets(limit=40, seed=4).texts)


def test_as_plain_texts_they_have_the_first_facet(everything: FacetTexts) -> None:
    texts = load_texts("facets")
    assert texts.texts == everything.texts
    assert texts.labels is not None
    assert Counter(texts.labels)["food"] == 24
    assert Counter(texts.labels)["booking"] == 30
    for i, name in enumerate(texts.labels):
        label = everything.label("topic", i) or everything.label("intent", i)
        assert label is not None
        assert label.name == name
    assert texts.licence == "CC BY 4.0"


def test_public_sets_with_one_label(write: Write) -> None:
    write("banking77/banking_data/test.csv", "text,category\nWhy?,card_fee\nHow?,Lost_card\n")
    write("ag_news/test.csv", '"4","A","b"\n"2","C","d"\n')
    banking, news = load_labelled_facet("banking77"), load_labelled_facet("ag_news", limit=1)
    assert [banking.label("intent", i).word for i in (0, 1)] == ["card fee", "lost card"]
    assert [label.name for label in banking.facets[0].labels] == ["Lost_card", "card_fee"]
    assert not banking.held_out.any()
    assert len(news) == 1
    assert [label.word for label in news.facet("topic").labels] == ["sci tech", "sports"]
    assert "non-commercial" in news.licence


def test_a_file_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [
        {"text": "Out!", "facets": {"emotion": "anger", "speech": "order"}, "held_out": True},
        {"text": "Why me?", "facets": {"speech": "question", "emotion": "despair"}, "more": 1},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    held = load_labelled_facet(str(path))
    assert [facet.name for facet in held.facets] == ["emotion", "speech"]
    assert [held.label(name, 1).word for name in ("emotion", "speech")] == ["despair", "question"]
    assert held.held_out.tolist() == [True, False]
    assert held.source == str(path)
    with pytest.raises(TokalignError, match="unknown facet of these texts 'mood'"):
        held.facet("mood")


GOOD = '{"text": "a b", "facets": {"x": "y"}}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no text"),
        (GOOD + '{"text": "c", "facets": {"z": "y"}}', "line 2: must have the facets of the first"),
        (GOOD + '{"text": " ", "facets": {"x": "y"}}', 'line 2: needs a field "text"'),
        ('{"text": "c"}', 'line 1: needs a field "facets"'),
        ('{"text": "c", "facets": {}}', 'line 1: needs a field "facets"'),
        ('{"text": "c", "facets": {"x": 3}}', "line 1: a label must be a word, not 3"),
        ('{"text": "c", "facets": {"x": "_"}}', "line 1: a label must be a word, not '_'"),
        ('{"text": "c", "facets": {"x": "y"}, "held_out": 1}', "must be true or false, not 1"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(content)
    with pytest.raises(TokalignError, match=message):
        load_labelled_facet(str(path))


@pytest.mark.parametrize(
    ("facets", "message"),
    [
        ({"topic": "food"}, "line 1: its facets must be topic, emotion; or intent, place"),
        ({"topic": "food", "place": "hotel"}, "its facets must be"),
        (
            {"topic": "food", "emotion": "angr"},
            "line 1: unknown emotion 'angr': did you mean anger",
        ),
    ],
)
def test_own_rows_keep_to_the_facets(facets: dict[str, str], message: str) -> None:
    line = json.dumps({"text": "c", "facets": facets})
    with pytest.raises(TokalignError, match=message):
        own_facet_rows(Document(Path("f.jsonl"), line, ""), read_facets().values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_facets("review"), "unknown group of texts 'review': did you mean reviews"),
        (lambda: load_facets(limit=0), "limit must be at least 1, not 0"),
        (lambda: load_labelled_facet("banking77", limit=0), "limit must be at least 1, not 0"),
        (lambda: load_labelled_facet("banking"), "unknown labelled set 'banking': did you mean"),
        (lambda: load_labelled_facet("no.jsonl"), "no such file: no.jsonl"),
        (lambda: facet_instructions("mood"), "unknown facet 'mood'"),
        (lambda: facet_instructions("topic", "prompt"), "unknown style 'prompt'"),
    ],
)
def test_unknown_names(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TokalignError, match=message):
        call()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("facets:", "facets: [", "cannot be read as YAML"),
        ("eol:", "end:", "eol: Field required"),
        ("{text}", "{txt}", "eol: .* must hold {text} 1 times"),
        ("What is this text about", "What is {text} about", "must hold {text} 0 times"),
        ("    place:\n      - text: R", "    plays:\n      - text: R", "asked must name topic"),
        ("[angry,", "[anger,", "the word 'anger' occurs twice"),
        ("held_out: true", "held_out: 7", "held_out"),
    ],
)
def test_a_wrong_file_of_instructions_is_told(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    content = (ROOT / "data" / "facet_instructions.yml").read_text("utf-8")
    assert old in content
    path = tmp_path / "facets.yml"
    path.write_text(content.replace(old, new, 1) if old != "{text}" else content.replace(old, new))
    with pytest.raises(TokalignError, match=message) as caught:
        facet_instructions("topic", path=path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_of_instructions_is_told(tmp_path: Path) -> None:
    with pytest.raises(TokalignError, match="cannot be read"):
        read_facets(tmp_path / "none.yml")
