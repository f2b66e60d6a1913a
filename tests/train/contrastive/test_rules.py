"""Each rule on sentences where it must fire, and on sentences where it must not."""

from __future__ import annotations

import random

import pytest

from tokalign.train.contrastive.rules import CONTRADICTED, ENTAILED
from tokalign.train.contrastive.sentences import is_usable, split_sentences
from tokalign.train.contrastive.triples import triple
from tokalign.train.contrastive.words import word_lists

RULES = {**ENTAILED, **CONTRADICTED}

FIRES = [
    ("drop_brackets", "The dam (built in 1939) holds water.", "The dam holds water."),
    ("drop_appositive", "Bell, a young poet, moved to Ayr.", "Bell moved to Ayr."),
    ("drop_relative", "The lake, which is deep, was frozen.", "The lake was frozen.") ,
    ("drop_relative", "He met Tom, who sang.", "He met Tom."),
    ("drop_participle", "The walls fell down, killing two men.", "The walls fell down."),
    ("drop_subordinate", "The band fell apart, because nobody came.", "The band fell apart."),
    ("first_clause", "The hall was old and it was pulled down.", "The hall was old."),
    ("drop_fronted", "After the war, the mill was closed.", "The mill was closed."),
    ("drop_time", "The mill was closed on 3 May 1945.", "The mill was closed."),
    ("drop_adverb", "The mill was later closed.", "The mill was closed."),
    ("drop_adjective", "They built a wooden bridge.", "They built a bridge."),
    ("fronted_to_end", "After the war, the mill was closed.", "The mill was closed after the war."),
    ("time_to_front", "The mill was closed in May 1945.", "In May 1945, the mill was closed."),
    ("synonym", "The kids left.", "The children left."),
    ("synonyms", "The children purchased a car.", "The kids bought a automobile."),
    ("active_voice", "The opera was composed by Ann Bell.", "Ann Bell composed the opera."),
    ("contraction", "It was not built.", "It wasn't built."),
    ("numeral", "She has two sons.", "She has 2 sons."),
    ("negate", "The tower is high.", "The tower is not high."),
    ("negate_past", "The team won the cup.", "The team did not win the cup."),
    ("affirm", "The tower was not high.", "The tower was high."),
    ("antonym", "The northern gate fell.", "The southern gate fell."),
    ("quantifier", "He sang before the war.", "He sang after the war."),
    ("number", "The hall has 40 seats.", "The hall has 52 seats."),
    ("name", "It rained in May.", None),
    ("swap_voices", "The fox was chased by the dog.", "The dog was chased by the fox."),
    ("swap_names", "Ayr defeated Leeds.", "Leeds defeated Ayr."),
]  # fmt: skip
SILENT = [
    ("drop_brackets", "The dam holds water."),
    ("drop_appositive", "Apples, a pear, and plums were sold."),
    ("drop_appositive", "In May, the young poet, was seen."),
    ("drop_relative", "The lake which is deep froze."),
    ("drop_participle", "He likes singing, dancing."),
    ("drop_participle", "It was quiet, during the night."),
    ("drop_subordinate", "If it snows, we stay, because it is cold."),
    ("first_clause", "He said that it rained and it was cold."),
    ("first_clause", "Bread and butter were sold."),
    ("drop_fronted", "In the war, no bridge was left standing."),
    ("drop_fronted", "In May, June, and July, it was hot."),
    ("drop_time", "Nobody left the town in 1995."),
    ("drop_time", "The church dates from 1995."),
    ("drop_adverb", "He never quickly answered."),
    ("drop_adjective", "No large bridge was built."),
    ("drop_adjective", "It is the largest of the large bridges."),
    ("drop_adjective", "The former mayor spoke to a fake doctor."),
    ("fronted_to_end", "In May, June, and July, it was hot."),
    ("time_to_front", "It stood there from 1970 until 1990."),
    ("synonym", "Big Ben chimes."),
    ("synonyms", "The film was long."),
    ("active_voice", "The house was sold by auction."),
    ("active_voice", "He stayed and was followed by Tom."),
    ("contraction", "It was built."),
    ("numeral", "It is 3.5 miles away in May 2003."),
    ("negate", "It was not built."),
    ("negate", "The man who is old sings."),
    ("negate", "Nobody was there."),
    ("negate_past", "The cup was won."),
    ("negate_past", "They never won the cup."),
    ("affirm", "It was not only high but not safe."),
    ("affirm", "It was high."),
    ("antonym", "Long Island Sound was crossed."),
    ("quantifier", "The tower was sold."),
    ("number", "Boeing 747s flew."),
    ("number", "Version 2.5 was sold."),
    ("name", "The Seattle Seahawks and New England played."),
    ("name", "He may march."),
    ("swap_voices", "It was chased by the dog."),
    ("swap_voices", "The book was finished by 1901."),
    ("swap_names", "Bell married Ann."),
    ("swap_names", "He went from home to work."),
]


@pytest.mark.parametrize(("rule", "sentence", "made"), FIRES)
def test_fires(rule: str, sentence: str, made: str | None) -> None:
    found = list(RULES[rule](sentence))
    assert found
    assert made is None or made.replace(" a automobile", " an automobile") in found


@pytest.mark.parametrize(("rule", "sentence"), SILENT)
def test_is_silent(rule: str, sentence: str) -> None:
    assert list(RULES[rule](sentence)) == []


def test_every_rule_is_tried_both_ways() -> None:
    assert {rule for rule, *_ in FIRES} == {rule for rule, _ in SILENT} == set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_takes_any_sentence_and_never_gives_it_back(name: str) -> None:
    strange = [
        "",
        ".",
        "?",
        "a",
        "A" * 300,
        "((",
        '"" ""',
        "In , .",
        "1 2 3",
        "Größe, 東京.",
        "a an",
    ]
    ordinary = [s for _, s, *_ in FIRES] + [s for _, s in SILENT]
    for sentence in strange + ordinary:
        for made in RULES[name](sentence):
            assert made != sentence
            assert made.strip()


def test_triples_are_the_same_for_the_same_draw() -> None:
    sentence = "In 1984, a large museum, which is free, was founded in the old town."
    made = [triple(sentence, random.Random(7)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0] is not None
    assert len(set(made[0].texts)) == len(made[0].texts)


def test_no_triple_of_what_no_rule_changes() -> None:
    assert triple("Xyzzy plugh qwerty.", random.Random(0)) is None


def test_word_lists_hold_pairs_that_differ() -> None:
    lists = word_lists()
    for table in (lists.synonyms, lists.antonyms, lists.quantifiers, lists.names):
        for word, others in table.items():
            assert isinstance(word, str)
            assert others
            assert word not in others
    both = {(a, b) for a, others in lists.synonyms.items() for b in others}
    against = {(a, b) for a, others in lists.antonyms.items() for b in others}
    assert not both & against


def test_sentences_are_split_and_judged() -> None:
    text = "Mr. A. Bell (b. 1901) met the band in the U.S. capital. It was late! See also: maps."
    assert list(split_sentences(text)) == [
        "Mr. A. Bell (b. 1901) met the band in the U.S. capital.",
        "It was late!",
        "See also: maps.",
    ]
    assert not is_usable("the sentence begins with a small letter.")
    assert not is_usable("It has ( , ) a gap where markup was taken out.")
    assert not is_usable("This one ends without any sign at all")
    assert not is_usable("Этот текст написан совсем не латинскими буквами.")
