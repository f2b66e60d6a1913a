"""How the miniature models were made: corpus, tokenizer, pre-training, export.

A language model, from a file of Wikipedia articles to a folder like a published checkpoint::

    python -m tokalign.train tokenizer A.jsonl.xz --out WORK/tokenizer.json
    python -m tokalign.train pack A.jsonl.xz --held-out B.jsonl.xz --out WORK/data \\
        --tokenizer WORK/tokenizer.json --leave-out DATASETS --leave-out data/sentences.jsonl
    python -m tokalign.train pretrain WORK/mini-gpt-neo --architecture gpt-neo \\
        --data WORK/data --tokens 14000000
    python -m tokalign.train growth WORK/mini-gpt-neo --tokenizer WORK/tokenizer.json \\
        --held-out B.jsonl.xz
    python -m tokalign.train export WORK/mini-gpt-neo --data WORK/data \\
        --tokenizer WORK/tokenizer.json --out data/models/mini-gpt-neo

Of B the first 5,000 articles are never trained on, and the 1,000 after them only validate (see
`corpus`). Nothing else of the package imports this part; it needs the extra ``train``.
"""
