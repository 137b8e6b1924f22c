"""What is not built yet says so, and nothing but that."""

import pytest
from botocore import xform_name
from sdk_support import BUILT, raises

NOT_BUILT = {
    "ConnectCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "CreateCustomKeyStore": {"CustomKeyStoreName": "store"},
    "DeleteCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "DescribeCustomKeyStores": {},
    "DisconnectCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "UpdateCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
}


def test_every_operation_of_the_api_is_either_built_or_not(kms):
    assert len(BUILT) == 50
    assert len(NOT_BUILT) == 6
    assert not BUILT & NOT_BUILT.keys()
    assert BUILT | NOT_BUILT.keys() == set(kms.meta.service_model.operation_names)


@pytest.mark.parametrize("operation", NOT_BUILT)
def test_an_operation_that_is_not_built_is_unsupported(kms, key, operation):
    parameters = {
        name: key if value == "KEY" else value for name, value in NOT_BUILT[operation].items()
    }
    with raises(
        "UnsupportedOperationException", f"{operation} is not supported by Trent yet."
    ):
        getattr(kms, xform_name(operation))(**parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        *(
            {"KeySpec": "SM2", "KeyUsage": usage}
            for usage in ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT")
        ),
        {"CustomerMasterKeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"},
        {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
        {
            "Origin": "EXTERNAL_KEY_STORE",
            "CustomKeyStoreId": "cks-1234567890abcdef0",
            "XksKeyId": "key",
        },
    ],
)
def test_a_kind_of_key_that_is_not_built_is_unsupported(kms, parameters):
    with raises("UnsupportedOperationException") as caught:
        kms.create_key(**parameters)
    assert caught.value.response["Error"]["Message"].endswith("not supported by Trent yet.")
