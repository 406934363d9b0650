"""What a batch's gradient is said to be is the gradient of the loss that its file is about."""

import json

import pytest

from symce.check import check_proof, check_rows

BATCH = ("batch-weights", "batch-bias", "l2")


def of(documents, loss):
    return {name.split("/")[1]: d for name, d in documents.items() if name.startswith(f"{loss}/")}


def checked(proof, others):
    return check_rows(proof, others, check_proof(proof, sizes=(2, 3), points=1))


def exchanged(proof, one, other):
    parts = (part.replace(f'"{other}"', f'"{one}"') for part in json.dumps(proof).split(f'"{one}"'))
    return json.loads(f'"{other}"'.join(parts))


@pytest.mark.parametrize("loss", ["cross_entropy", "bce_with_logits", "distillation", "nll_loss", "info_nce"])
@pytest.mark.parametrize("name", BATCH)
def test_the_rows_are_compared(catalogue_documents, loss, name):
    proofs = of(catalogue_documents, loss)
    alone = check_proof(proofs[name], sizes=(2, 3), points=1)
    report = checked(proofs[name], proofs)
    assert report.ok, report.text()
    assert report.comparisons > alone.comparisons


@pytest.mark.parametrize(
    ("loss", "letters"), [("cross_entropy", "PY"), ("bce_with_logits", "SY"), ("distillation", "PQ")]
)
@pytest.mark.parametrize("name", BATCH)
def test_rows_of_other_letters_are_found_though_the_proof_alone_is_sound(catalogue_documents, loss, letters, name):
    proofs = of(catalogue_documents, loss)
    spoiled = exchanged(proofs[name], *letters)
    assert check_proof(spoiled, sizes=(2, 3), points=1).ok
    report = checked(spoiled, proofs)
    assert not report.ok
    assert "the rows of G are not the derivative in" in report.text()


def test_rows_of_an_unknown_letter_are_found(catalogue_documents):
    proofs = of(catalogue_documents, "cross_entropy")
    report = checked(exchanged(proofs["batch-bias"], "Y", "U"), proofs)
    assert "it does not say what the rows of U are" in report.text()


def test_the_rows_need_what_the_cited_proof_assumes(catalogue_documents):
    """P - Y is the gradient for targets that add up to one: the steps do not need that, the meaning of G does."""
    proofs = of(catalogue_documents, "cross_entropy")
    proof = proofs["batch-weights"]
    assert check_proof(proof, sizes=(2, 3)).needless == ("sums-to-one",)
    assert checked(proof, proofs).needless == ()
    spoiled = {**proof, "assumptions": []}
    assert check_proof(spoiled, sizes=(2, 3)).ok
    assert not checked(spoiled, proofs).ok


def test_a_proof_without_such_a_letter_stays_as_it_is(catalogue_documents):
    for loss, name in (("cross_entropy", "gradient"), ("focal", "batch-weights")):
        proofs = of(catalogue_documents, loss)
        report = check_proof(proofs[name], sizes=(2,), points=1)
        assert check_rows(proofs[name], proofs, report) is report
    proof = of(catalogue_documents, "cross_entropy")["batch-weights"]
    report = check_proof(proof, sizes=(2,), points=1)
    assert check_rows(proof, {}, report) is report
