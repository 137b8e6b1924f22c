"""TagResource, UntagResource, ListResourceTags."""

import pytest
from sdk_support import flat, members, missing, pages, raises, raises_violations, violated


def tag(key, value="v"):
    return {"TagKey": key, "TagValue": value}


def tags_of(kms, key):
    return {one["TagKey"]: one["TagValue"] for one in kms.list_resource_tags(KeyId=key)["Tags"]}


def test_a_new_key_has_no_tags(kms, key):
    assert members(kms.list_resource_tags(KeyId=key)) == {"Tags": [], "Truncated": False}


def test_tags_are_added_and_overwritten(kms, key):
    assert members(kms.tag_resource(KeyId=key, Tags=[tag("a", "1"), tag("b", "2")])) == {}
    kms.tag_resource(KeyId=key, Tags=[tag("b", "3"), tag("c", "")])
    assert tags_of(kms, key) == {"a": "1", "b": "3", "c": ""}


def test_tags_are_listed_in_the_order_of_their_keys(kms, key):
    kms.tag_resource(KeyId=key, Tags=[tag(name) for name in ("b", "C", "a", "B", "c", "A")])
    listed = [one["TagKey"] for one in kms.list_resource_tags(KeyId=key)["Tags"]]
    assert listed == sorted(listed)
    assert set(listed) == set("aAbBcC")


def test_tag_keys_are_told_apart_by_case_and_may_be_any_text(kms, key):
    tags = {"a": "1", "A": "2", "Größe 鍵": "🔑", "awsome": "x", "k" * 128: "v" * 256}
    kms.tag_resource(KeyId=key, Tags=[tag(*pair) for pair in tags.items()])
    assert tags_of(kms, key) == tags


def test_tags_are_removed_and_unknown_ones_ignored(kms, key):
    kms.tag_resource(KeyId=key, Tags=[tag("a"), tag("b"), tag("c")])
    assert members(kms.untag_resource(KeyId=key, TagKeys=["a", "c", "unknown", "A"])) == {}
    assert tags_of(kms, key) == {"b": "v"}
    kms.untag_resource(KeyId=key, TagKeys=["unknown"])
    assert tags_of(kms, key) == {"b": "v"}


def test_no_tags_to_add_and_none_to_remove_change_nothing(kms, key):
    kms.tag_resource(KeyId=key, Tags=[tag("a")])
    kms.tag_resource(KeyId=key, Tags=[])
    kms.untag_resource(KeyId=key, TagKeys=[])
    assert tags_of(kms, key) == {"a": "v"}


@pytest.mark.parametrize("name", ["aws:x", "AWS:x", "aWs:"])
def test_tags_beginning_with_aws_are_reserved(kms, key, name):
    with raises("TagException", "Tags beginning with aws: are reserved"):
        kms.tag_resource(KeyId=key, Tags=[tag("a"), tag(name)])
    assert tags_of(kms, key) == {}


def test_one_request_names_a_tag_key_once(kms, key):
    with raises("TagException", "Duplicate tag keys"):
        kms.tag_resource(KeyId=key, Tags=[tag("a", "1"), tag("b"), tag("a", "2")])
    assert tags_of(kms, key) == {}


def test_a_key_has_at_most_50_tags(kms, key):
    kms.tag_resource(KeyId=key, Tags=[tag(f"{number:02}") for number in range(50)])
    with raises("LimitExceededException"):
        kms.tag_resource(KeyId=key, Tags=[tag("one more")])
    kms.tag_resource(KeyId=key, Tags=[tag("00", "overwritten")])
    kms.untag_resource(KeyId=key, TagKeys=["01"])
    kms.tag_resource(KeyId=key, Tags=[tag("one more")])
    assert len(tags_of(kms, key)) == 50


def test_51_tags_at_once_are_too_many_and_none_is_added(kms, key):
    with raises("LimitExceededException"):
        kms.tag_resource(KeyId=key, Tags=[tag(str(number)) for number in range(51)])
    assert tags_of(kms, key) == {}


def test_violations_name_the_tag_by_its_place_in_the_list(unchecked, key):
    longest = "have length less than or equal to"
    with raises_violations(violated("tags.1.member.tagKey", f"{longest} 128", "k" * 129)):
        unchecked.tag_resource(KeyId=key, Tags=[tag("k" * 129)])
    with raises_violations(violated("tags.2.member.tagValue", f"{longest} 256", "v" * 257)):
        unchecked.tag_resource(KeyId=key, Tags=[tag("a"), tag("b", "v" * 257)])
    with raises_violations(
        violated("tags.1.member.tagKey", "have length greater than or equal to 1", ""),
        missing("tags.2.member.tagValue"),
        missing("tags.3.member.tagKey"),
    ):
        unchecked.tag_resource(KeyId=key, Tags=[tag(""), {"TagKey": "b"}, {"TagValue": "c"}])


def test_violations_in_the_keys_to_untag_are_named_by_their_place(unchecked, key):
    with raises_violations(
        violated("tagKeys.2.member", "have length greater than or equal to 1", "")
    ):
        unchecked.untag_resource(KeyId=key, TagKeys=["a", ""])


def test_tags_and_keys_to_untag_are_required(unchecked, key):
    with raises_violations(missing("tags")):
        unchecked.tag_resource(KeyId=key)
    with raises_violations(missing("tagKeys")):
        unchecked.untag_resource(KeyId=key)


def test_pages_of_tags_are_as_large_as_asked_and_at_most_50(kms, key):
    names = [f"{number:02}" for number in range(50)]
    kms.tag_resource(KeyId=key, Tags=[tag(name) for name in names])
    for limit, sizes in [(20, [20, 20, 10]), (50, [50]), (49, [49, 1]), (None, [50])]:
        limited = {} if limit is None else {"Limit": limit}
        found = pages(kms.list_resource_tags, "Tags", KeyId=key, **limited)
        assert [len(page) for page in found] == sizes
        assert [one["TagKey"] for one in flat(found)] == names


def test_a_marker_of_another_key_or_of_another_list_is_not_valid(kms, key, other_key):
    for one in (key, other_key):
        kms.tag_resource(KeyId=one, Tags=[tag("a"), tag("b")])
    marker = kms.list_resource_tags(KeyId=key, Limit=1)["NextMarker"]
    with raises("InvalidMarkerException"):
        kms.list_resource_tags(KeyId=other_key, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_key_rotations(KeyId=key, Marker=marker)
    with raises("InvalidMarkerException"):
        kms.list_resource_tags(KeyId=key, Marker=marker[:-1] + "!")
    with raises("InvalidMarkerException"):
        kms.list_resource_tags(KeyId=key, Marker="x")
