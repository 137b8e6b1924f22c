"""Rotations that come at the same time: of one key by many clients, of many keys at their due
times, and while the clock moves."""

import time
from concurrent.futures import ThreadPoolExecutor

from raw_http import Api
from trent_server import Trent

CLIENTS = 6
PERIOD_DAYS = 90
COMPLETED_WITHIN_SECONDS = 3


def rotate(api, key_id):
    """Rotates on demand, unless a rotation is under way or near."""
    answer = api.answer("RotateKeyOnDemand", KeyId=key_id)
    assert answer.status == 200 or answer.code == "ConflictException", answer


def rotation_dates(api, key_id):
    rotations = api.pages("ListKeyRotations", "Rotations", KeyId=key_id)
    return [entry["RotationDate"] for entry in rotations]


def test_rotation_dates_ascend_when_clients_rotate_a_key_at_the_same_time():
    with Trent() as server:
        api = Api(server.port)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for _ in range(20):
                key_id = api("CreateKey")["KeyMetadata"]["KeyId"]
                list(pool.map(lambda _: rotate(api, key_id), range(25)))
                dates = rotation_dates(api, key_id)
                assert dates and dates == sorted(dates), f"listed oldest first: {dates}"


def test_rotation_dates_ascend_when_clients_rotate_while_time_is_played_through():
    with Trent() as server:
        api = Api(server.port)
        key_ids = [api("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(120)]
        for key_id in key_ids:
            api("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=PERIOD_DAYS)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for _ in range(20):
                rotating = [pool.submit(rotate, api, key_id) for key_id in key_ids]
                server.advance(f"P{PERIOD_DAYS + 1}D")
                for one in rotating:
                    one.result()
        for key_id in key_ids:
            dates = rotation_dates(api, key_id)
            assert len(dates) >= 20 and dates == sorted(dates), f"listed oldest first: {dates}"


def test_rotations_due_at_moments_close_together_are_all_completed_when_due():
    with Trent("--rotation-delay", "300ms") as server:
        api = Api(server.port)
        for _ in range(8):
            key_ids = [api("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(150)]
            for key_id in key_ids:
                api("RotateKeyOnDemand", KeyId=key_id)
            deadline = time.monotonic() + COMPLETED_WITHIN_SECONDS
            while to_come := [key for key in key_ids if not rotation_dates(api, key)]:
                late = f"{len(to_come)} of {len(key_ids)} rotations are still not completed"
                assert time.monotonic() < deadline, late
