//! Tokens: markers, grant tokens, import tokens and session tokens that were not made here are never
//! accepted. The first byte says where the token is used.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::sync::LazyLock;
use trent_fuzz::world::World;
use trent_fuzz::{hex, vectors};
use trent_service::Service;

struct Server {
    world: World,
    strict: Service,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    // A root key of which the corpus has the name, so that tokens seem to be sealed under it.
    let json = include_str!("../../crates/crypto/tests/golden/sealed_1.json");
    let cases = vectors(json);
    let marker = cases.as_array().unwrap().iter().find(|case| case["name"] == "a marker");
    let world = World::new(hex(&marker.unwrap()["root_key"]));
    let key =
        json!({"Origin": "EXTERNAL", "Tags": [{"TagKey": "_custom_id_", "TagValue": KEY_ID}]});
    let answer = world.call(&world.service, "CreateKey", key.to_string().as_bytes(), None);
    assert_eq!(answer.status, 200);
    Server { strict: world.strict(), world }
});

fuzz_target!(|data: &[u8]| {
    let Some((&place, token)) = data.split_first() else { return };
    let world = &SERVER.world;
    let text = String::from_utf8_lossy(token);
    let (operation, request) = match place % 8 {
        0 => ("ListKeys", json!({"Marker": text})),
        1 => ("ListAliases", json!({"Marker": text})),
        2 => ("ListGrants", json!({"KeyId": KEY_ID, "Marker": text})),
        3 => ("DescribeKey", json!({"KeyId": KEY_ID, "GrantTokens": [text]})),
        4 => ("RetireGrant", json!({"GrantToken": text})),
        5 => ("Encrypt", json!({"KeyId": KEY_ID, "Plaintext": "eA==", "GrantTokens": [text]})),
        6 => {
            // Text, since that is what the mutations are good at.
            let import = json!({
                "KeyId": KEY_ID,
                "ImportToken": text,
                "EncryptedKeyMaterial": "eA==",
                "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
            });
            ("ImportKeyMaterial", import)
        }
        _ => {
            let answer = world.call(&SERVER.strict, "ListKeys", b"{}", Some(token));
            assert!(answer.error.is_some(), "a forged session token");
            return;
        }
    };
    let answer = world.call(&world.service, operation, request.to_string().as_bytes(), None);
    let reply: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(answer.error.is_some(), "{operation} has taken a forged token: {reply}");
});

const KEY_ID: &str = "00000000-0000-4000-8000-000000000001";
