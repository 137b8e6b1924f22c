"""The checker finds what cannot be: a test that accepts everything proves nothing."""

from history import History, Key, Register, Use

BOUND = 2.0


def history_of(code, material, start, end):
    """One use of a key that was made at 1, disabled at 10, enabled at 20, forbidden at 30, permitted
    at 40, and rotated at 50; every change took 1."""
    key = Key("key", Register(True, 0, 1), Register(True, 0, 1), Register("old", 0, 1))
    for register, changes in [
        (key.enabled, [(9, False), (19, True)]),
        (key.permitted, [(29, False), (39, True)]),
        (key.material, [(49, "new")]),
    ]:
        for asked, value in changes:
            register.ask(asked)
            register.acknowledge(value, asked, asked + 1)
    history = History()
    history.add(Use(0, key, start, end, code, material))
    return history


def is_fine(code, material, start, end):
    return not list(history_of(code, material, start, end).faults(BOUND))


def test_a_disabled_key_may_be_used_until_the_bound():
    assert is_fine(None, "old", 8, 9)
    assert is_fine(None, "old", 11.9, 12.5)
    assert not is_fine(None, "old", 12, 12.5)
    assert not is_fine(None, "old", 12, 18.9)
    # It is being enabled.
    assert is_fine(None, "old", 12, 19.1)


def test_an_enabled_key_must_be_usable_after_the_bound():
    assert is_fine("DisabledException", None, 12, 12.5)
    assert is_fine("DisabledException", None, 21.9, 22.5)
    assert not is_fine("DisabledException", None, 22, 22.5)
    assert not is_fine("DisabledException", None, 5, 6)


def test_a_policy_is_in_force_after_the_bound():
    assert is_fine("AccessDeniedException", None, 32, 33)
    assert not is_fine(None, "old", 32, 33)
    assert is_fine(None, "old", 31.9, 33)
    assert not is_fine("AccessDeniedException", None, 42, 43)


def test_the_newest_key_material_is_used_after_the_bound():
    assert is_fine(None, "new", 52, 53)
    assert is_fine(None, "old", 51.9, 53)
    assert not is_fine(None, "old", 52, 53)
    assert not is_fine(None, "new", 45, 46)


def test_no_other_exception_is_accepted():
    assert not is_fine("NotFoundException", None, 5, 6)
