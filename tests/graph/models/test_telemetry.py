"""The embedding model's library reports to nobody."""

import os
import subprocess
import sys
from pathlib import Path

LOAD = "from graph.models.embeddings import MiniLM; MiniLM().close()"


def test_loading_the_embedding_model_leaves_nothing_behind(tmp_path: Path) -> None:
    """With telemetry onnxruntime writes an id of the machine and a queue of events into the user's cache."""
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", LOAD], env={**os.environ, **home}, check=True)
    assert list(tmp_path.rglob("*")) == []
