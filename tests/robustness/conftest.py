"""What the robustness tests share: the seed of everything that they choose at random."""

import os
import random

import pytest
from trent_server import Trent

SEED = int(os.environ.get("TRENT_TEST_SEED") or random.SystemRandom().randrange(2**32))


@pytest.fixture
def rng(request):
    """The random choices of one test; the same for the same seed, whatever other tests run."""
    print(f"TRENT_TEST_SEED={SEED}")
    return random.Random(f"{SEED}/{request.node.name}")


@pytest.fixture(scope="module")
def module_rng(request):
    """The random choices of what the tests of a module share."""
    print(f"TRENT_TEST_SEED={SEED}")
    return random.Random(f"{SEED}/{request.node.name}")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"robustness tests ran with TRENT_TEST_SEED={SEED}")


@pytest.fixture
def servers():
    """Makes servers, as `Trent` does, that do not outlive the test."""
    made = []

    def make(*arguments, **options):
        made.append(Trent(*arguments, **options))
        return made[-1]

    yield make
    for server in made:
        if server.process is not None and server.process.poll() is None:
            server.kill()
