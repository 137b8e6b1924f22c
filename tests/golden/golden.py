"""Recorded calls: what make.py writes and test_golden.py makes again."""

import base64
import sys
from datetime import datetime, timezone
from pathlib import Path

from botocore import xform_name

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

REGION, OTHER_REGION, THIRD_REGION = "us-east-1", "eu-west-1", "ap-south-1"
REGIONS = (REGION, OTHER_REGION, THIRD_REGION)


def to_json(value):
    """A parameter or an answer as JSON can hold it."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"date": value.astimezone(timezone.utc).isoformat()}
    if isinstance(value, dict):
        return {name: to_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [to_json(one) for one in value]
    return value


def from_json(value):
    """What `to_json` was given."""
    if isinstance(value, dict) and value.keys() == {"bytes"}:
        return base64.b64decode(value["bytes"])
    if isinstance(value, dict) and value.keys() == {"date"}:
        return datetime.fromisoformat(value["date"])
    if isinstance(value, dict):
        return {name: from_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [from_json(one) for one in value]
    return value


def answer(server, region, operation, parameters):
    """What the server answers to a call, as `to_json` has it."""
    reply = getattr(server.client(region=region), xform_name(operation))(**parameters)
    del reply["ResponseMetadata"]
    return to_json(reply)


def holds(recorded, actual):
    """Whether everything that was recorded is so still; new members of a reply may be there."""
    if isinstance(recorded, dict) and isinstance(actual, dict):
        return all(name in actual and holds(one, actual[name]) for name, one in recorded.items())
    if isinstance(recorded, list) and isinstance(actual, list):
        same_length = len(recorded) == len(actual)
        return same_length and all(map(holds, recorded, actual))
    return recorded == actual
