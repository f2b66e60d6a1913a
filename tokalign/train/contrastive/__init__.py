"""How the miniature embedders were made: what turns a language model into each of them.

In the order in which data flow: sentences are cut (`sentences`), rules make examples of them
(`shortened`, `reworded`, `contradicted`, `triples`; `retrieval_pairs`, `windows`, `other_sources`),
`making` keeps evaluation sentences out and writes them. `plans` says what each embedder is trained
on and how; `mixture`, `reader`, `losses`, `chunks`, `mntp` and `objectives` make the gradient of a
step, `trainer` a run of it, `monitor` looks on. `export` writes what was trained, `layouts` the
folders of the published models, `running` does it all in turn.
"""
