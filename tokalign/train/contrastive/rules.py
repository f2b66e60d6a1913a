"""All rules by the name that is kept with what they made."""

from __future__ import annotations

from tokalign.train.contrastive import contradicted as no
from tokalign.train.contrastive import reworded as same
from tokalign.train.contrastive import shortened as less
from tokalign.train.contrastive.patterns import Rule

#: What they make follows from the sentence.
ENTAILED: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        less.drop_brackets, less.drop_appositive, less.drop_relative, less.drop_participle,
        less.drop_subordinate, less.first_clause, less.drop_fronted, less.drop_time,
        less.drop_adverb, less.drop_adjective,
        same.fronted_to_end, same.time_to_front, same.synonym, same.synonyms, same.active_voice,
        same.contraction, same.numeral,
    )
}  # fmt: skip
#: What they make cannot be true beside it.
CONTRADICTED: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        no.negate, no.negate_past, no.affirm, no.antonym, no.quantifier, no.number, no.name,
        no.swap_voices, no.swap_names,
    )
}  # fmt: skip
