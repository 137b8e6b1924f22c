//! The enumerations of the API. Generated from the AWS KMS API model by `make codegen`; do not edit.

use crate::wire::wire_enum;

wire_enum! {
/// `AlgorithmSpec` of the AWS KMS API.
pub enum AlgorithmSpec {
RsaesPkcs1V15 = "RSAES_PKCS1_V1_5",
RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
Sm2pke = "SM2PKE",
}
}

wire_enum! {
/// `ConnectionErrorCodeType` of the AWS KMS API.
pub enum ConnectionErrorCodeType {
InvalidCredentials = "INVALID_CREDENTIALS",
ClusterNotFound = "CLUSTER_NOT_FOUND",
NetworkErrors = "NETWORK_ERRORS",
InternalError = "INTERNAL_ERROR",
InsufficientCloudhsmHsms = "INSUFFICIENT_CLOUDHSM_HSMS",
UserLockedOut = "USER_LOCKED_OUT",
UserNotFound = "USER_NOT_FOUND",
UserLoggedIn = "USER_LOGGED_IN",
SubnetNotFound = "SUBNET_NOT_FOUND",
InsufficientFreeAddressesInSubnet = "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET",
XksProxyAccessDenied = "XKS_PROXY_ACCESS_DENIED",
XksProxyNotReachable = "XKS_PROXY_NOT_REACHABLE",
XksVpcEndpointServiceNotFound = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
XksProxyInvalidResponse = "XKS_PROXY_INVALID_RESPONSE",
XksProxyInvalidConfiguration = "XKS_PROXY_INVALID_CONFIGURATION",
XksVpcEndpointServiceInvalidConfiguration = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
XksProxyTimedOut = "XKS_PROXY_TIMED_OUT",
XksProxyInvalidTlsConfiguration = "XKS_PROXY_INVALID_TLS_CONFIGURATION",
}
}

wire_enum! {
/// `ConnectionStateType` of the AWS KMS API.
pub enum ConnectionStateType {
Connected = "CONNECTED",
Connecting = "CONNECTING",
Failed = "FAILED",
Disconnected = "DISCONNECTED",
Disconnecting = "DISCONNECTING",
}
}

wire_enum! {
/// `CustomKeyStoreType` of the AWS KMS API.
pub enum CustomKeyStoreType {
AwsCloudhsm = "AWS_CLOUDHSM",
ExternalKeyStore = "EXTERNAL_KEY_STORE",
}
}

wire_enum! {
/// `CustomerMasterKeySpec` of the AWS KMS API.
pub enum CustomerMasterKeySpec {
Rsa2048 = "RSA_2048",
Rsa3072 = "RSA_3072",
Rsa4096 = "RSA_4096",
EccNistP256 = "ECC_NIST_P256",
EccNistP384 = "ECC_NIST_P384",
EccNistP521 = "ECC_NIST_P521",
EccSecgP256k1 = "ECC_SECG_P256K1",
SymmetricDefault = "SYMMETRIC_DEFAULT",
Hmac224 = "HMAC_224",
Hmac256 = "HMAC_256",
Hmac384 = "HMAC_384",
Hmac512 = "HMAC_512",
Sm2 = "SM2",
}
}

wire_enum! {
/// `DataKeyPairSpec` of the AWS KMS API.
pub enum DataKeyPairSpec {
Rsa2048 = "RSA_2048",
Rsa3072 = "RSA_3072",
Rsa4096 = "RSA_4096",
EccNistP256 = "ECC_NIST_P256",
EccNistP384 = "ECC_NIST_P384",
EccNistP521 = "ECC_NIST_P521",
EccSecgP256k1 = "ECC_SECG_P256K1",
Sm2 = "SM2",
EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
MlKem512 = "ML_KEM_512",
MlKem768 = "ML_KEM_768",
MlKem1024 = "ML_KEM_1024",
}
}

wire_enum! {
/// `DataKeySpec` of the AWS KMS API.
pub enum DataKeySpec {
Aes256 = "AES_256",
Aes128 = "AES_128",
}
}

wire_enum! {
/// `DryRunModifierType` of the AWS KMS API.
pub enum DryRunModifierType {
IgnoreCiphertext = "IGNORE_CIPHERTEXT",
}
}

wire_enum! {
/// `EncapsulationAlgorithmSpec` of the AWS KMS API.
pub enum EncapsulationAlgorithmSpec {
MlKem = "ML_KEM",
}
}

wire_enum! {
/// `EncryptionAlgorithmSpec` of the AWS KMS API.
pub enum EncryptionAlgorithmSpec {
SymmetricDefault = "SYMMETRIC_DEFAULT",
RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
Sm2pke = "SM2PKE",
}
}

wire_enum! {
/// `ExpirationModelType` of the AWS KMS API.
pub enum ExpirationModelType {
KeyMaterialExpires = "KEY_MATERIAL_EXPIRES",
KeyMaterialDoesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE",
}
}

wire_enum! {
/// `GrantOperation` of the AWS KMS API.
pub enum GrantOperation {
Decrypt = "Decrypt",
Encrypt = "Encrypt",
GenerateDataKey = "GenerateDataKey",
GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
ReEncryptFrom = "ReEncryptFrom",
ReEncryptTo = "ReEncryptTo",
Sign = "Sign",
Verify = "Verify",
GetPublicKey = "GetPublicKey",
CreateGrant = "CreateGrant",
RetireGrant = "RetireGrant",
DescribeKey = "DescribeKey",
GenerateDataKeyPair = "GenerateDataKeyPair",
GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
GenerateMac = "GenerateMac",
VerifyMac = "VerifyMac",
DeriveSharedSecret = "DeriveSharedSecret",
Encapsulate = "Encapsulate",
Decapsulate = "Decapsulate",
}
}

wire_enum! {
/// `ImportState` of the AWS KMS API.
pub enum ImportState {
Imported = "IMPORTED",
PendingImport = "PENDING_IMPORT",
}
}

wire_enum! {
/// `ImportType` of the AWS KMS API.
pub enum ImportType {
NewKeyMaterial = "NEW_KEY_MATERIAL",
ExistingKeyMaterial = "EXISTING_KEY_MATERIAL",
}
}

wire_enum! {
/// `IncludeKeyMaterial` of the AWS KMS API.
pub enum IncludeKeyMaterial {
AllKeyMaterial = "ALL_KEY_MATERIAL",
RotationsOnly = "ROTATIONS_ONLY",
}
}

wire_enum! {
/// `KeyAgreementAlgorithmSpec` of the AWS KMS API.
pub enum KeyAgreementAlgorithmSpec {
Ecdh = "ECDH",
}
}

wire_enum! {
/// `KeyEncryptionMechanism` of the AWS KMS API.
pub enum KeyEncryptionMechanism {
RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
}
}

wire_enum! {
/// `KeyLastUsageTrackingOperation` of the AWS KMS API.
pub enum KeyLastUsageTrackingOperation {
Decrypt = "Decrypt",
DeriveSharedSecret = "DeriveSharedSecret",
Encrypt = "Encrypt",
GenerateDataKey = "GenerateDataKey",
GenerateDataKeyPair = "GenerateDataKeyPair",
GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
GenerateMac = "GenerateMac",
ReEncrypt = "ReEncrypt",
Sign = "Sign",
Verify = "Verify",
VerifyMac = "VerifyMac",
Encapsulate = "Encapsulate",
Decapsulate = "Decapsulate",
}
}

wire_enum! {
/// `KeyManagerType` of the AWS KMS API.
pub enum KeyManagerType {
Aws = "AWS",
Customer = "CUSTOMER",
}
}

wire_enum! {
/// `KeyMaterialState` of the AWS KMS API.
pub enum KeyMaterialState {
NonCurrent = "NON_CURRENT",
Current = "CURRENT",
PendingRotation = "PENDING_ROTATION",
PendingMultiRegionImportAndRotation = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
}
}

wire_enum! {
/// `KeySpec` of the AWS KMS API.
pub enum KeySpec {
Rsa2048 = "RSA_2048",
Rsa3072 = "RSA_3072",
Rsa4096 = "RSA_4096",
EccNistP256 = "ECC_NIST_P256",
EccNistP384 = "ECC_NIST_P384",
EccNistP521 = "ECC_NIST_P521",
EccSecgP256k1 = "ECC_SECG_P256K1",
SymmetricDefault = "SYMMETRIC_DEFAULT",
Hmac224 = "HMAC_224",
Hmac256 = "HMAC_256",
Hmac384 = "HMAC_384",
Hmac512 = "HMAC_512",
Sm2 = "SM2",
MlDsa44 = "ML_DSA_44",
MlDsa65 = "ML_DSA_65",
MlDsa87 = "ML_DSA_87",
EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
MlKem512 = "ML_KEM_512",
MlKem768 = "ML_KEM_768",
MlKem1024 = "ML_KEM_1024",
}
}

wire_enum! {
/// `KeyState` of the AWS KMS API.
pub enum KeyState {
Creating = "Creating",
Enabled = "Enabled",
Disabled = "Disabled",
PendingDeletion = "PendingDeletion",
PendingImport = "PendingImport",
PendingReplicaDeletion = "PendingReplicaDeletion",
Unavailable = "Unavailable",
Updating = "Updating",
}
}

wire_enum! {
/// `KeyUsageType` of the AWS KMS API.
pub enum KeyUsageType {
SignVerify = "SIGN_VERIFY",
EncryptDecrypt = "ENCRYPT_DECRYPT",
GenerateVerifyMac = "GENERATE_VERIFY_MAC",
KeyAgreement = "KEY_AGREEMENT",
EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
}
}

wire_enum! {
/// `MacAlgorithmSpec` of the AWS KMS API.
pub enum MacAlgorithmSpec {
HmacSha224 = "HMAC_SHA_224",
HmacSha256 = "HMAC_SHA_256",
HmacSha384 = "HMAC_SHA_384",
HmacSha512 = "HMAC_SHA_512",
}
}

wire_enum! {
/// `MessageType` of the AWS KMS API.
pub enum MessageType {
Raw = "RAW",
Digest = "DIGEST",
ExternalMu = "EXTERNAL_MU",
}
}

wire_enum! {
/// `MultiRegionKeyType` of the AWS KMS API.
pub enum MultiRegionKeyType {
Primary = "PRIMARY",
Replica = "REPLICA",
}
}

wire_enum! {
/// `OriginType` of the AWS KMS API.
pub enum OriginType {
AwsKms = "AWS_KMS",
External = "EXTERNAL",
AwsCloudhsm = "AWS_CLOUDHSM",
ExternalKeyStore = "EXTERNAL_KEY_STORE",
}
}

wire_enum! {
/// `ResourceOwnerType` of the AWS KMS API.
pub enum ResourceOwnerType {
SelfOwned = "SELF",
OtherAccountsViaRam = "OTHER_ACCOUNTS_VIA_RAM",
}
}

wire_enum! {
/// `RotationType` of the AWS KMS API.
pub enum RotationType {
Automatic = "AUTOMATIC",
OnDemand = "ON_DEMAND",
}
}

wire_enum! {
/// `SigningAlgorithmSpec` of the AWS KMS API.
pub enum SigningAlgorithmSpec {
RsassaPssSha256 = "RSASSA_PSS_SHA_256",
RsassaPssSha384 = "RSASSA_PSS_SHA_384",
RsassaPssSha512 = "RSASSA_PSS_SHA_512",
RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
EcdsaSha256 = "ECDSA_SHA_256",
EcdsaSha384 = "ECDSA_SHA_384",
EcdsaSha512 = "ECDSA_SHA_512",
Sm2dsa = "SM2DSA",
MlDsaShake256 = "ML_DSA_SHAKE_256",
Ed25519Sha512 = "ED25519_SHA_512",
Ed25519PhSha512 = "ED25519_PH_SHA_512",
}
}

wire_enum! {
/// `WrappingKeySpec` of the AWS KMS API.
pub enum WrappingKeySpec {
Rsa2048 = "RSA_2048",
Rsa3072 = "RSA_3072",
Rsa4096 = "RSA_4096",
Sm2 = "SM2",
}
}

wire_enum! {
/// `XksProxyConnectivityType` of the AWS KMS API.
pub enum XksProxyConnectivityType {
PublicEndpoint = "PUBLIC_ENDPOINT",
VpcEndpointService = "VPC_ENDPOINT_SERVICE",
}
}
