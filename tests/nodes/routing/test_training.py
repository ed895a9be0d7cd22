"""Training of the classifiers, in a file of its own because it takes longest of the tests that start nothing."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from graph.models.embeddings import MiniLM
from graph.models.factory import LocalModels
from graph.training import RECIPES, train
from nodes.route import LearnedRouter
from tests.nodes.held_out import read

pytestmark = pytest.mark.xdist_group("training")  # by which it is not left for the end


async def test_training_gives_these_weights(local: LocalModels, tmp_path: Path) -> None:
    """Nearly: another machine may round the embeddings differently. The decisions on held-out messages are the same."""
    (recipe,) = (recipe for recipe in RECIPES if recipe.name == "routing")
    with closing(MiniLM()) as minilm:
        model = await train(recipe, minilm)
    model.save(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as trained, np.load(recipe.weights) as stored:
        assert np.corrcoef(trained["weights"].ravel(), stored["weights"].ravel())[0, 1] > 0.99
    assert isinstance(local.classify, LearnedRouter)
    again = LearnedRouter(local.embedder.embed, model, local.classify.spelling)
    messages = [case["text"] for case in read("routing_2")["message"]]
    chosen = [
        [max(shares, key=shares.__getitem__) for shares in (await local.classify(message), await again(message))]
        for message in messages
    ]
    assert sum(one != other for one, other in chosen) <= len(messages) // 100
