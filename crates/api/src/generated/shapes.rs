//! The constraints of the API. Generated from the AWS KMS API model by `make codegen`; do not edit.

use crate::violation::{Pattern, Shape};

pub(super) static ACCOUNT_ID_TYPE: Shape =
    Shape { min: Some(12), max: Some(12), pattern: Some(&ACCOUNT_ID_TYPE_PATTERN), ..Shape::NONE };
pub(super) static ALGORITHM_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static ALIAS_NAME_TYPE: Shape =
    Shape { min: Some(1), max: Some(256), pattern: Some(&ALIAS_NAME_TYPE_PATTERN), ..Shape::NONE };
pub(super) static ATTESTATION_DOCUMENT_TYPE: Shape =
    Shape { min: Some(1), max: Some(262144), value_is_hidden: true, ..Shape::NONE };
pub(super) static BACKING_KEY_ID_TYPE: Shape = Shape {
    min: Some(64),
    max: Some(64),
    pattern: Some(&BACKING_KEY_ID_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static BOOLEAN_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static CIPHERTEXT_TYPE: Shape =
    Shape { min: Some(1), max: Some(6144), value_is_hidden: true, ..Shape::NONE };
pub(super) static CLOUD_HSM_CLUSTER_ID_TYPE: Shape = Shape {
    min: Some(19),
    max: Some(24),
    pattern: Some(&CLOUD_HSM_CLUSTER_ID_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static CUSTOM_KEY_STORE_ID_TYPE: Shape =
    Shape { min: Some(1), max: Some(64), ..Shape::NONE };
pub(super) static CUSTOM_KEY_STORE_NAME_TYPE: Shape =
    Shape { min: Some(1), max: Some(256), ..Shape::NONE };
pub(super) static CUSTOM_KEY_STORE_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static CUSTOMER_MASTER_KEY_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static DATA_KEY_PAIR_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static DATA_KEY_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static DATE_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static DESCRIPTION_TYPE: Shape = Shape { min: Some(0), max: Some(8192), ..Shape::NONE };
pub(super) static DRY_RUN_MODIFIER_LIST: Shape =
    Shape { item: Some(&DRY_RUN_MODIFIER_TYPE), ..Shape::NONE };
pub(super) static DRY_RUN_MODIFIER_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static ENCAPSULATION_ALGORITHM_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static ENCRYPTION_ALGORITHM_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static ENCRYPTION_CONTEXT_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static EXPIRATION_MODEL_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static GRANT_CONSTRAINT_SOURCE_ARN_TYPE: Shape = Shape {
    min: Some(20),
    max: Some(512),
    pattern: Some(&GRANT_CONSTRAINT_SOURCE_ARN_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static GRANT_CONSTRAINTS: Shape = Shape { ..Shape::NONE };
pub(super) static GRANT_ID_TYPE: Shape = Shape { min: Some(1), max: Some(128), ..Shape::NONE };
pub(super) static GRANT_NAME_TYPE: Shape =
    Shape { min: Some(1), max: Some(256), pattern: Some(&GRANT_NAME_TYPE_PATTERN), ..Shape::NONE };
pub(super) static GRANT_OPERATION: Shape = Shape { ..Shape::NONE };
pub(super) static GRANT_OPERATION_LIST: Shape =
    Shape { item: Some(&GRANT_OPERATION), ..Shape::NONE };
pub(super) static GRANT_TOKEN_LIST: Shape =
    Shape { min: Some(0), max: Some(10), item: Some(&GRANT_TOKEN_TYPE), ..Shape::NONE };
pub(super) static GRANT_TOKEN_TYPE: Shape = Shape { min: Some(1), max: Some(8192), ..Shape::NONE };
pub(super) static IMPORT_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static INCLUDE_KEY_MATERIAL: Shape = Shape { ..Shape::NONE };
pub(super) static KEY_AGREEMENT_ALGORITHM_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static KEY_ENCRYPTION_MECHANISM: Shape = Shape { ..Shape::NONE };
pub(super) static KEY_ID_TYPE: Shape = Shape { min: Some(1), max: Some(2048), ..Shape::NONE };
pub(super) static KEY_MATERIAL_DESCRIPTION_TYPE: Shape = Shape {
    min: Some(0),
    max: Some(256),
    pattern: Some(&KEY_MATERIAL_DESCRIPTION_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static KEY_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static KEY_STORE_PASSWORD_TYPE: Shape =
    Shape { min: Some(7), max: Some(32), value_is_hidden: true, ..Shape::NONE };
pub(super) static KEY_USAGE_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static LIMIT_TYPE: Shape = Shape { min: Some(1), max: Some(1000), ..Shape::NONE };
pub(super) static MAC_ALGORITHM_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static MARKER_TYPE: Shape =
    Shape { min: Some(1), max: Some(1024), pattern: Some(&MARKER_TYPE_PATTERN), ..Shape::NONE };
pub(super) static MESSAGE_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static NULLABLE_BOOLEAN_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static NUMBER_OF_BYTES_TYPE: Shape =
    Shape { min: Some(1), max: Some(1024), ..Shape::NONE };
pub(super) static ORIGIN_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static PLAINTEXT_TYPE: Shape =
    Shape { min: Some(1), max: Some(4096), value_is_hidden: true, ..Shape::NONE };
pub(super) static POLICY_NAME_TYPE: Shape =
    Shape { min: Some(1), max: Some(128), pattern: Some(&POLICY_NAME_TYPE_PATTERN), ..Shape::NONE };
pub(super) static POLICY_TYPE: Shape =
    Shape { min: Some(1), max: Some(131072), pattern: Some(&POLICY_TYPE_PATTERN), ..Shape::NONE };
pub(super) static PRINCIPAL_ID_TYPE: Shape = Shape {
    min: Some(1),
    max: Some(256),
    pattern: Some(&PRINCIPAL_ID_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static PUBLIC_KEY_TYPE: Shape =
    Shape { min: Some(1), max: Some(8192), value_is_hidden: true, ..Shape::NONE };
pub(super) static RECIPIENT_INFO: Shape = Shape { ..Shape::NONE };
pub(super) static REGION_TYPE: Shape =
    Shape { min: Some(1), max: Some(32), pattern: Some(&REGION_TYPE_PATTERN), ..Shape::NONE };
pub(super) static RESOURCE_OWNER_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static RESOURCE_OWNERS_LIST: Shape =
    Shape { min: Some(1), max: Some(2), item: Some(&RESOURCE_OWNER_TYPE), ..Shape::NONE };
pub(super) static ROTATION_PERIOD_IN_DAYS_TYPE: Shape =
    Shape { min: Some(90), max: Some(2560), ..Shape::NONE };
pub(super) static SERVICE_PRINCIPAL_TYPE: Shape = Shape {
    min: Some(1),
    max: Some(128),
    pattern: Some(&SERVICE_PRINCIPAL_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static SIGNING_ALGORITHM_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static TAG: Shape = Shape { ..Shape::NONE };
pub(super) static TAG_KEY_LIST: Shape = Shape { item: Some(&TAG_KEY_TYPE), ..Shape::NONE };
pub(super) static TAG_KEY_TYPE: Shape = Shape { min: Some(1), max: Some(128), ..Shape::NONE };
pub(super) static TAG_LIST: Shape = Shape { item: Some(&TAG), ..Shape::NONE };
pub(super) static TAG_VALUE_TYPE: Shape = Shape { min: Some(0), max: Some(256), ..Shape::NONE };
pub(super) static TRUST_ANCHOR_CERTIFICATE_TYPE: Shape =
    Shape { min: Some(1), max: Some(5000), ..Shape::NONE };
pub(super) static WRAPPING_KEY_SPEC: Shape = Shape { ..Shape::NONE };
pub(super) static XKS_KEY_ID_TYPE: Shape =
    Shape { min: Some(1), max: Some(128), pattern: Some(&XKS_KEY_ID_TYPE_PATTERN), ..Shape::NONE };
pub(super) static XKS_PROXY_AUTHENTICATION_ACCESS_KEY_ID_TYPE: Shape = Shape {
    min: Some(20),
    max: Some(30),
    pattern: Some(&XKS_PROXY_AUTHENTICATION_ACCESS_KEY_ID_TYPE_PATTERN),
    value_is_hidden: true,
    ..Shape::NONE
};
pub(super) static XKS_PROXY_AUTHENTICATION_CREDENTIAL_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static XKS_PROXY_AUTHENTICATION_RAW_SECRET_ACCESS_KEY_TYPE: Shape = Shape {
    min: Some(43),
    max: Some(64),
    pattern: Some(&XKS_PROXY_AUTHENTICATION_RAW_SECRET_ACCESS_KEY_TYPE_PATTERN),
    value_is_hidden: true,
    ..Shape::NONE
};
pub(super) static XKS_PROXY_CONNECTIVITY_TYPE: Shape = Shape { ..Shape::NONE };
pub(super) static XKS_PROXY_URI_ENDPOINT_TYPE: Shape = Shape {
    min: Some(10),
    max: Some(128),
    pattern: Some(&XKS_PROXY_URI_ENDPOINT_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static XKS_PROXY_URI_PATH_TYPE: Shape = Shape {
    min: Some(10),
    max: Some(128),
    pattern: Some(&XKS_PROXY_URI_PATH_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME_TYPE: Shape = Shape {
    min: Some(20),
    max: Some(64),
    pattern: Some(&XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME_TYPE_PATTERN),
    ..Shape::NONE
};
pub(super) static SCHEDULE_KEY_DELETION_REQUEST_PENDING_WINDOW_IN_DAYS: Shape =
    Shape { min: Some(7), max: Some(30), ..Shape::NONE };
static ACCOUNT_ID_TYPE_PATTERN: Pattern = Pattern::new("[0-9]{12}", "\\A(?:[0-9]{12})\\z");
static ALIAS_NAME_TYPE_PATTERN: Pattern =
    Pattern::new("^[a-zA-Z0-9:/_-]+$", "\\A(?:^[a-zA-Z0-9:/_-]+$)\\z");
static BACKING_KEY_ID_TYPE_PATTERN: Pattern = Pattern::new("^[a-f0-9]+$", "\\A(?:^[a-f0-9]+$)\\z");
static CLOUD_HSM_CLUSTER_ID_TYPE_PATTERN: Pattern =
    Pattern::new("cluster-[2-7a-zA-Z]{11,16}", "\\A(?:cluster-[2-7a-zA-Z]{11,16})\\z");
static GRANT_CONSTRAINT_SOURCE_ARN_TYPE_PATTERN: Pattern = Pattern::new(
    "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
    "\\A(?:^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$)\\z",
);
static GRANT_NAME_TYPE_PATTERN: Pattern =
    Pattern::new("^[a-zA-Z0-9:/_-]+$", "\\A(?:^[a-zA-Z0-9:/_-]+$)\\z");
static KEY_MATERIAL_DESCRIPTION_TYPE_PATTERN: Pattern =
    Pattern::new("^[a-zA-Z0-9:/_\\s.-]+$", "\\A(?:^[a-zA-Z0-9:/_[ \\t\\n\\r\\x0B\\f].-]+$)\\z");
static MARKER_TYPE_PATTERN: Pattern =
    Pattern::new("[\\u0020-\\u00FF]*", "\\A(?:[\\x{0020}-\\x{00FF}]*)\\z");
static POLICY_NAME_TYPE_PATTERN: Pattern = Pattern::new("[\\w]+", "\\A(?:[[0-9A-Za-z_]]+)\\z");
static POLICY_TYPE_PATTERN: Pattern = Pattern::new(
    "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
    "\\A(?:[\\x{0009}\\x{000A}\\x{000D}\\x{0020}-\\x{00FF}]+)\\z",
);
static PRINCIPAL_ID_TYPE_PATTERN: Pattern =
    Pattern::new("^[\\w+=,.@:/-]+$", "\\A(?:^[[0-9A-Za-z_]+=,.@:/-]+$)\\z");
static REGION_TYPE_PATTERN: Pattern =
    Pattern::new("^([a-z]+-){2,3}\\d+$", "\\A(?:^([a-z]+-){2,3}[0-9]+$)\\z");
static SERVICE_PRINCIPAL_TYPE_PATTERN: Pattern = Pattern::new(
    "^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$",
    "\\A(?:^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$)\\z",
);
static XKS_KEY_ID_TYPE_PATTERN: Pattern =
    Pattern::new("^[a-zA-Z0-9-_.]+$", "\\A(?:^[a-zA-Z0-9\\-_.]+$)\\z");
static XKS_PROXY_AUTHENTICATION_ACCESS_KEY_ID_TYPE_PATTERN: Pattern =
    Pattern::new("^[A-Z2-7]+$", "\\A(?:^[A-Z2-7]+$)\\z");
static XKS_PROXY_AUTHENTICATION_RAW_SECRET_ACCESS_KEY_TYPE_PATTERN: Pattern =
    Pattern::new("^[a-zA-Z0-9\\/+=]+$", "\\A(?:^[a-zA-Z0-9\\/+=]+$)\\z");
static XKS_PROXY_URI_ENDPOINT_TYPE_PATTERN: Pattern =
    Pattern::new("^https://[a-zA-Z0-9.-]+$", "\\A(?:^https://[a-zA-Z0-9.-]+$)\\z");
static XKS_PROXY_URI_PATH_TYPE_PATTERN: Pattern = Pattern::new(
    "^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$",
    "\\A(?:^(/[a-zA-Z0-9\\/_-]+/kms/xks/v[0-9]{1,2})$|^(/kms/xks/v[0-9]{1,2})$)\\z",
);
static XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME_TYPE_PATTERN: Pattern = Pattern::new(
    "^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$",
    "\\A(?:^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}[0-9]+\\.vpce-svc-[0-9a-z]+$)\\z",
);
