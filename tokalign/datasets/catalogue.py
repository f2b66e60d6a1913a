"""What is known of each public data set: its files, where the originals lie, its licence.

Facts only; `public` finds the files. GitHub originals are pinned to a commit, so that their bytes
cannot change; most carry a digest. STS-B and RTE carry none: their archives could not be looked
into. Sets without one public original in a plain file (our own copy of Wikipedia) have no URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from tokalign.datasets.digests import SHA256

MIB = 2**20


@dataclass(frozen=True)
class Original:
    """One public file.

    Attributes:
        url: Where it lies (http or https).
        digest: "sha256:..." or "md5:..." of its bytes, where known.
        members: For an archive (.zip, .tar.gz): member -> path inside a data folder, in the order
            in which they are put there. Members that the archive lacks are passed over.
        max_bytes: Bound on the download, and on what is unpacked.
    """

    url: str
    digest: str | None = None
    members: Mapping[str, str] | None = None
    max_bytes: int = 64 * MIB


@dataclass(frozen=True)
class DataFile:
    """A file of a set: its path inside a data folder, and its public original."""

    path: str
    original: Original | None = None


@dataclass(frozen=True)
class DataSet:
    """A public set: its name, licence, home page, and files by split or role."""

    name: str
    licence: str
    home: str
    files: Mapping[str, DataFile] = field(default_factory=dict)


def _github(repository: str, commit: str, remote: str, path: str) -> DataFile:
    url = f"https://raw.githubusercontent.com/{repository}/{commit}/{quote(remote)}"
    return DataFile(path, Original(url, digest=f"sha256:{SHA256[path]}"))


def _archive(url: str, members: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, DataFile]:
    original = Original(url, members=members)
    return {key: DataFile(path, original) for key, path in keys.items()}


_STSB = {split: f"stsb/sts-{split}.csv" for split in ("train", "dev", "test")}
_RTE = {f"rte{n}-{s}": f"rte/rte{n}_{s}.xml" for s in ("dev", "test") for n in (1, 2, 3)}
_SEMREL = "semantic-textual-relatedness/Semantic_Relatedness_SemEval2024"
_SEMREL_COMMIT = "3c5941ddffdc9d833a5528f49dd13ed9087c0dba"
_STR = {
    "train": "eng_train.csv",
    "dev": "eng_dev_with_labels.csv",
    "test": "eng_test_with_labels.csv",
}
_BANKING_COMMIT = "57ec275d8078af65b7731c2a98be812d844a6d6b"
_AG_COMMIT = "555590db4219b1243abb1918effd6a7425a2d75f"
_CRANFIELD_COMMIT = "1208e6edfb6cb2527b2c44398d3d8fefd3249144"
_CRANFIELD = {
    "docs": "cran.all.1400.xml",
    "queries": "cran.qry.xml",
    "qrels": "cranqrel.trec.txt",
}
_STS_COMMIT = "e1d3375f5b3bc24f21aa4e46f96eb379e9fc1081"
_STS = [path for path in SHA256 if path.startswith("sts/sts/semeval-sts/")]
_WORDS_COMMIT = "9b61d0e067e2e68af22160d09450f82d9544cd70"
_WORDS = [path for path in SHA256 if path.startswith("word_similarity/")]


def _sts_key(path: str) -> str:
    """Turn ".../2012/MSRpar.test.tsv" into "2012/MSRpar"."""
    year, name = path.split("/")[-2:]
    return f"{year}/{name.removesuffix('.test.tsv')}"


def _word_key(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".csv")


CATALOGUE: dict[str, DataSet] = {
    "stsb": DataSet(
        "stsb",
        "scores CC BY-SA 4.0; texts under licences of their own, see LICENSE.txt of the set",
        "http://ixa2.si.ehu.eus/stswiki",
        _archive(
            "http://ixa2.si.ehu.eus/stswiki/images/4/48/Stsbenchmark.tar.gz",
            {f"stsbenchmark/sts-{split}.csv": path for split, path in _STSB.items()},
            _STSB,
        ),
    ),
    "sick": DataSet(
        "sick",
        "CC BY-NC-SA 3.0",
        "https://zenodo.org/record/2787612",
        {
            "all": _github(
                "kkalouli/SICK-processing",
                "0848f4aec60870122a4ca18de08ba0e25f6f9a75",
                "SICK.txt",
                "sick/SICK.txt",
            )
        },
    ),
    "str2022": DataSet(
        "str2022",
        "no licence file; the authors distribute it for research",
        f"https://github.com/{_SEMREL}",
        {
            split: _github(_SEMREL, _SEMREL_COMMIT, f"Track A/eng/{file}", f"str2022/{file}")
            for split, file in _STR.items()
        },
    ),
    "sts": DataSet(
        "sts",
        "each year's sets under terms of their own, mostly CC BY-SA or for research only",
        "https://github.com/brmson/dataset-sts",
        {
            _sts_key(path): _github(
                "brmson/dataset-sts", _STS_COMMIT, f"data/{path.removeprefix('sts/')}", path
            )
            for path in _STS
        },
    ),
    "word_similarity": DataSet(
        "word_similarity",
        "each list under a licence of its own: WordSim-353 CC BY 4.0, MEN CC BY, others research",
        "https://github.com/vecto-ai/word-benchmarks",
        {
            _word_key(path): _github(
                "vecto-ai/word-benchmarks",
                _WORDS_COMMIT,
                f"word-similarity/monolingual/en/{path.removeprefix('word_similarity/')}",
                path,
            )
            for path in _WORDS
        },
    ),
    "rte": DataSet(
        "rte",
        "no licence stated; the challenge's organisers ask for citation",
        "https://github.com/nltk/nltk_data",
        _archive(
            "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/rte.zip",
            {path: path for path in _RTE.values()},
            _RTE,
        ),
    ),
    "msmarco-pairs": DataSet(
        "msmarco-pairs",
        "MS MARCO: non-commercial research only",
        "https://github.com/Arthurizijar/Text_aligns_tokens",
        {
            "all": _github(
                "Arthurizijar/Text_aligns_tokens",
                "a648138f8784b7f739ca865dee36454c814d909c",
                "data/msmarco/sampled500.txt",
                "msmarco_pairs/sampled500.txt",
            )
        },
    ),
    "banking77": DataSet(
        "banking77",
        "CC BY 4.0",
        "https://github.com/PolyAI-LDN/task-specific-datasets",
        {
            split: _github(
                "PolyAI-LDN/task-specific-datasets",
                _BANKING_COMMIT,
                f"banking_data/{split}.csv",
                f"banking77/banking_data/{split}.csv",
            )
            for split in ("train", "test")
        },
    ),
    "ag_news": DataSet(
        "ag_news",
        "non-commercial research only",
        "https://github.com/mhjabreel/CharCnn_Keras",
        {
            "test": _github(
                "mhjabreel/CharCnn_Keras",
                _AG_COMMIT,
                "data/ag_news_csv/test.csv",
                "ag_news/test.csv",
            )
        },
    ),
    "cranfield": DataSet(
        "cranfield",
        "free for research",
        "https://github.com/oussbenk/cranfield-trec-dataset",
        {
            role: _github(
                "oussbenk/cranfield-trec-dataset", _CRANFIELD_COMMIT, file, f"cranfield/{file}"
            )
            for role, file in _CRANFIELD.items()
        },
    ),
}
