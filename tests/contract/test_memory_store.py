"""The store in memory under the contract of stores (store_contract.py)."""

import pytest

from contract.store_contract import StoreContract
from crossroom.storage.memory import MemoryStore


@pytest.fixture
async def store() -> MemoryStore:
    return MemoryStore()


class TestMemoryStore(StoreContract):
    """The whole contract."""
