"""What is not built yet says so, and nothing but that."""

import pytest
from botocore import xform_name
from sdk_support import BUILT, raises

NOT_BUILT = {
    "ConnectCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "CreateCustomKeyStore": {"CustomKeyStoreName": "store"},
    "CreateGrant": {
        "KeyId": "KEY",
        "GranteePrincipal": "arn:aws:iam::111122223333:root",
        "Operations": ["Encrypt"],
    },
    "Decapsulate": {
        "KeyId": "KEY",
        "SharedSecretCiphertextBlob": b"x",
        "EncapsulationAlgorithm": "ML_KEM",
    },
    "DeleteCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "DeleteImportedKeyMaterial": {"KeyId": "KEY"},
    "DeriveSharedSecret": {
        "KeyId": "KEY",
        "KeyAgreementAlgorithm": "ECDH",
        "PublicKey": b"x",
    },
    "DescribeCustomKeyStores": {},
    "DisconnectCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "Encapsulate": {"KeyId": "KEY", "EncapsulationAlgorithm": "ML_KEM"},
    "GenerateDataKeyPair": {"KeyId": "KEY", "KeyPairSpec": "RSA_2048"},
    "GenerateDataKeyPairWithoutPlaintext": {"KeyId": "KEY", "KeyPairSpec": "RSA_2048"},
    "GenerateMac": {"KeyId": "KEY", "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"},
    "GetKeyLastUsage": {"KeyId": "KEY"},
    "GetParametersForImport": {
        "KeyId": "KEY",
        "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
        "WrappingKeySpec": "RSA_2048",
    },
    "GetPublicKey": {"KeyId": "KEY"},
    "ImportKeyMaterial": {"KeyId": "KEY", "ImportToken": b"x", "EncryptedKeyMaterial": b"x"},
    "ListGrants": {"KeyId": "KEY"},
    "ListRetirableGrants": {"RetiringPrincipal": "arn:aws:iam::111122223333:root"},
    "ReplicateKey": {"KeyId": "KEY", "ReplicaRegion": "eu-west-1"},
    "RetireGrant": {"GrantToken": "token"},
    "RevokeGrant": {"KeyId": "KEY", "GrantId": "0" * 64},
    "Sign": {"KeyId": "KEY", "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    "UpdateCustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"},
    "UpdatePrimaryRegion": {"KeyId": "KEY", "PrimaryRegion": "eu-west-1"},
    "Verify": {
        "KeyId": "KEY",
        "Message": b"x",
        "Signature": b"x",
        "SigningAlgorithm": "ECDSA_SHA_256",
    },
    "VerifyMac": {
        "KeyId": "KEY",
        "Message": b"x",
        "Mac": b"x",
        "MacAlgorithm": "HMAC_SHA_256",
    },
}


def test_every_operation_of_the_api_is_either_built_or_not(kms):
    assert len(BUILT) == 29
    assert len(NOT_BUILT) == 27
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


SIGNING = {"KeyUsage": "SIGN_VERIFY"}
MAC = {"KeyUsage": "GENERATE_VERIFY_MAC"}


@pytest.mark.parametrize(
    "parameters",
    [
        *({"KeySpec": spec, "KeyUsage": "ENCRYPT_DECRYPT"} for spec in ("RSA_2048", "SM2")),
        *(
            {"KeySpec": spec, **SIGNING}
            for spec in ("RSA_4096", "ECC_NIST_P256", "ECC_SECG_P256K1", "ML_DSA_65")
        ),
        *({"KeySpec": spec, **MAC} for spec in ("HMAC_224", "HMAC_512")),
        {"KeySpec": "ECC_NIST_P521", "KeyUsage": "KEY_AGREEMENT"},
        {"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
        {"CustomerMasterKeySpec": "RSA_3072", **SIGNING},
        {"Origin": "EXTERNAL"},
        {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
        {
            "Origin": "EXTERNAL_KEY_STORE",
            "CustomKeyStoreId": "cks-1234567890abcdef0",
            "XksKeyId": "key",
        },
        {"MultiRegion": True},
    ],
)
def test_a_kind_of_key_that_is_not_built_is_unsupported(kms, parameters):
    with raises("UnsupportedOperationException") as caught:
        kms.create_key(**parameters)
    assert caught.value.response["Error"]["Message"].endswith("not supported by Trent yet.")
