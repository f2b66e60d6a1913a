from __future__ import annotations

import numpy as np
import pytest

from tokalign.tokens import AlignedTokens


class Names:
    def decode(self, ids):
        return f"<{ids[0]}>"


def test_a_tidy_frame():
    found = AlignedTokens(np.array([[7, 3], [3, 9]]), np.array([[2.0, 1.0], [5.0, 4.0]]))
    frame = found.frame(Names())
    assert frame.columns.tolist() == ["text", "rank", "id", "token", "logit"]
    assert frame.iloc[2].tolist() == [1, 1, 3, "<3>", 5.0]
    assert found.strings(Names()) == [["<7>", "<3>"], ["<3>", "<9>"]]
    assert found.top(1).ids.tolist() == [[7], [3]]
    assert found.top(9).ids.shape == (2, 2)
    assert len(found) == 2


@pytest.mark.parametrize("shapes", [((2, 3), (2, 2)), ((3,), (3,))])
def test_ids_and_logits_must_match(shapes):
    with pytest.raises(ValueError, match="do not match"):
        AlignedTokens(*(np.ones(shape) for shape in shapes))
