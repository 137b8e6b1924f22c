"""What the robustness tests share: the seed of everything that they choose at random."""

import os
import random

import pytest

SEED = int(os.environ.get("TRENT_TEST_SEED") or random.SystemRandom().randrange(2**32))


@pytest.fixture
def rng(request):
    """The random choices of one test; the same for the same seed, whatever other tests run."""
    print(f"TRENT_TEST_SEED={SEED}")
    return random.Random(f"{SEED}/{request.node.name}")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"robustness tests ran with TRENT_TEST_SEED={SEED}")
