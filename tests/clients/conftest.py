"""Servers and Node.js for the tests of the AWS Encryption SDKs."""

import pytest
from encryption_sdks import Node
from trent_server import Trent


@pytest.fixture(scope="session")
def server():
    """The server of all tests that neither move its clock nor restart it; keeps nothing."""
    with Trent() as server:
        yield server


@pytest.fixture
def machine():
    """A server whose clock a test may move."""
    with Trent() as server:
        yield server


@pytest.fixture
def durable(tmp_path):
    """A server that keeps its keys in a directory, for a test to restart."""
    with Trent(data_dir=tmp_path / "data") as server:
        yield server


@pytest.fixture(scope="session")
def node():
    with Node() as node:
        yield node
