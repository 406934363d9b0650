"""The proofs of the catalogue as documents, derived once."""

import json

import pytest

from symce.derivation.derive import derive
from symce.derivation.serial import documents, serialise
from symce.losses import catalogue
from symce.theorems import chapters


@pytest.fixture(scope="session")
def catalogue_documents():
    """Every proof of the catalogue and of the chapters, by "loss/proof", as text has carried it."""
    found = {}
    for name, loss in catalogue().items():
        found |= {f"{name}/{proof}": document for proof, document in documents(derive(loss)).items()}
    for chapter, proofs in chapters().items():
        found |= {f"{chapter}/{proof.name}": serialise(proof) for proof in proofs}
    return json.loads(json.dumps(found))
