"""The BEIR sets that lie in public archives, with their digests and the paths inside.

Names and MD5 sums as the BEIR project publishes them (https://github.com/beir-cellar/beir).
`cqadupstack` is left out, as it is twelve sets in one; so are the four that are not public.
"""

from __future__ import annotations

from tokalign.datasets.catalogue import MIB, DataFile, DataSet, Original

BEIR_MD5 = {
    "arguana": "8ad3e3c2a5867cdced806d6503f29b99",
    "climate-fever": "8b66f0a9126c521bae2bde127b4dc99d",
    "dbpedia-entity": "c2a39eb420a3164af735795df012ac2c",
    "fever": "5a818580227bfb4b35bb6fa46d9b6c03",
    "fiqa": "17918ed23cd04fb15047f73e6c3bd9d9",
    "hotpotqa": "f412724f78b0d91183a0e86805e16114",
    "msmarco": "444067daf65d982533ea17ebd59501e4",
    "nfcorpus": "a89dba18a62ef92f7d323ec890a0d38d",
    "nq": "d4d3d2e48787a744b6f6e691ff534307",
    "quora": "18fb154900ba42a600f84b839c173167",
    "scidocs": "38121350fc3a4d2f48850f6aff52e4a9",
    "scifact": "5f7d1de60b170fc8027bb7898e2efca1",
    "trec-covid": "ce62140cb23feb9becf6270d0d1fe6d1",
    "webis-touche2020": "46f650ba5a527fc69e0a6521c5a23563",
}
LICENCE = "terms of the set's owners; what derives from MS MARCO is for non-commercial research"
_HOST = "https://public.ukp.informatik.tu-darmstadt.de/thakur/BEIR/datasets"
# The corpus is put in place last: where it lies, the rest lies too.
_MEMBERS = ("qrels/train.tsv", "qrels/dev.tsv", "qrels/test.tsv", "queries.jsonl", "corpus.jsonl")


def beir_set(name: str, host: str = _HOST) -> DataSet:
    """Describe a BEIR set; one that is not public gets no original.

    >>> beir_set("scifact").files["corpus.jsonl"].path
    'beir/scifact/corpus.jsonl'
    """
    original = None
    if name in BEIR_MD5:
        members = {f"{name}/{member}": f"beir/{name}/{member}" for member in _MEMBERS}
        digest = f"md5:{BEIR_MD5[name]}"
        original = Original(f"{host}/{name}.zip", digest, members, max_bytes=8192 * MIB)
    files = {member: DataFile(f"beir/{name}/{member}", original) for member in _MEMBERS}
    return DataSet(name, LICENCE, "https://github.com/beir-cellar/beir", files)
