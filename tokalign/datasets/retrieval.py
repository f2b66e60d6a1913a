"""Finding a retrieval collection by its name or folder. The formats are read elsewhere."""

from __future__ import annotations

from tokalign.datasets.beir import RetrievalSet, load_beir_folder
from tokalign.datasets.beir_names import BEIR_MD5, LICENCE, beir_set
from tokalign.datasets.cranfield import load_cranfield
from tokalign.datasets.own import LICENCE as OWN_LICENCE
from tokalign.datasets.own import PASSAGES, own_data
from tokalign.datasets.public import Located, folders, locate
from tokalign.errors import unknown
from tokalign.paths import user_path


def beir_names() -> list[str]:
    """List the BEIR sets that are public, and those that lie in the data or cache folder."""
    found = {
        corpus.parent.name
        for folder in folders()
        for corpus in (folder / "beir").glob("*/corpus.jsonl")
    }
    return sorted(found | set(BEIR_MD5))


def locate_beir(name: str) -> Located | None:
    """Find the corpus of a BEIR set; None where the name is none.

    Raises:
        TokalignError: If the set is known, but nowhere.
    """
    if name not in beir_names():  # so no name leads out of the folder
        return None
    return locate(beir_set(name), "corpus.jsonl")


def load_retrieval(name_or_folder: str, split: str = "test") -> RetrievalSet:
    """Load a retrieval collection.

    Args:
        name_or_folder: `passages` (the project's own), `cranfield`, a BEIR name (`scifact`,
            `nfcorpus`, ...), or a folder in the BEIR layout. A name goes before a folder of that
            name: write `./scifact` for the folder.
        split: Which judgements; Cranfield has `test` (all), `even` and `odd`.

    Returns:
        Every document, and the queries that the split judges.

    Raises:
        TokalignError: If the name is unknown, the set is nowhere, or a file is malformed.

    >>> load_retrieval("passages").name
    'passages'
    >>> load_retrieval("cranfeild")
    Traceback (most recent call last):
    ...
    tokalign.errors.TokalignError: unknown retrieval set 'cranfeild': did you mean cranfield? ...
    """
    if name_or_folder == "cranfield":
        return load_cranfield(split)
    if name_or_folder == PASSAGES:
        folder = own_data(PASSAGES)
        return load_beir_folder(
            folder, split, name=PASSAGES, source=str(folder), licence=OWN_LICENCE
        )
    corpus = locate_beir(name_or_folder)
    if corpus is not None:
        folder, name, source, licence = corpus.path.parent, name_or_folder, corpus.source, LICENCE
    else:
        folder = user_path(name_or_folder)
        if not name_or_folder.strip() or not folder.is_dir():
            raise unknown("retrieval set", name_or_folder, [*beir_names(), "cranfield", PASSAGES])
        name, source, licence = folder.resolve().name, str(folder), "not stated"
    return load_beir_folder(folder, split, name=name, source=source, licence=licence)
