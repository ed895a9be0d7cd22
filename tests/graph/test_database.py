"""The database of a start: what is migrated by itself, and how often is said why it cannot be used."""

import pytest

from graph.database import REPEAT_SECONDS, Preparation, fit
from graph.settings import Settings
from storage.errors import MigrationsPending, StorageError, StorageUnavailable
from storage.migrate import pending
from tests.support.app import SECRET
from tests.support.cluster import Cluster


@pytest.mark.parametrize("secret", [None, SECRET], ids=["local mode", "verified tokens"])
async def test_only_the_embedded_database_is_migrated_by_itself(cluster: Cluster, secret: str | None) -> None:
    """With or without a way to verify users; any other lacks its migrations until somebody asks for them."""
    name = f"unmigrated_{'local' if secret is None else 'verified'}"
    url = cluster.create(name)
    external = Settings(database_url=url, jwt_secret=secret, _env_file=None)  # type: ignore[arg-type, call-arg]
    with pytest.raises(MigrationsPending):
        await fit(external, url, lambda _: None)
    embedded = Settings(database_url=None, jwt_secret=secret, _env_file=None)  # type: ignore[arg-type, call-arg]
    await fit(embedded, url, lambda _: None)
    assert await pending(url) == []
    cluster.drop(name)


async def test_why_a_database_cannot_be_used_is_said_once_a_minute() -> None:
    """And at once where there is another reason."""
    said, now, why = list[str](), [0.0], [StorageError()]

    async def unfit() -> None:
        raise why[0]

    prepare = Preparation(unfit, said.append, lambda: now[0])
    for second in range(round(2 * REPEAT_SECONDS)):
        now[0] = float(second)
        why[0] = StorageUnavailable(f"It starts up, {second}.")
        with pytest.raises(StorageUnavailable):
            await prepare()
    assert [line.partition(";")[0] for line in said] == ["It starts up, 0.", f"It starts up, {REPEAT_SECONDS:.0f}."]
    why[0] = MigrationsPending("2 migrations pending")
    with pytest.raises(MigrationsPending):
        await prepare()
    assert said[-1].startswith("2 migrations pending")
