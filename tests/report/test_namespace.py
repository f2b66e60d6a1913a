"""Names of a namespace: kept and brought back, whatever was done to them in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tokalign.report.namespace import Names


def test_names_come_back_whatever_was_done_to_them() -> None:
    def space() -> dict[str, Any]:
        frame, rows = pd.DataFrame({"a": [1, 2]}), [1]
        return {"rows": rows, "same": rows, "array": np.zeros(2), "frame": frame, "k": 3}

    live = space()
    live["reader"] = lambda: live["rows"]
    kept = Names(live)
    for _ in range(2):
        live["rows"].append(2)
        live["array"] += 1
        live["frame"]["a"] = 0
        live["frame"]["b"] = 0
        live.update(k=4, new=5)
        del live["same"]
        kept.restore(live)
        assert live.keys() == {*space(), "reader"}
        assert live["rows"] == [1]
        assert live["reader"]() is live["rows"] is live["same"]
        assert live["array"].tolist() == [0, 0]
        assert live["frame"].equals(space()["frame"])
        assert live["k"] == 3
