//! Tokens that others made: Python's cryptography, and the examples of RFC 7515 and RFC 8037.

use serde_json::{Value, json};
use trent_iam::web_identity::{Jwks, WebIdentityError};

use crate::support::{encode, key_set, verify};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/web_identity.json")).unwrap()
}

#[test]
fn tokens_of_every_algorithm_are_verified() {
    let vectors = vectors();
    let keys = Jwks::parse(vectors["jwks"].to_string().as_bytes()).unwrap();
    let tokens = vectors["tokens"].as_object().unwrap();
    assert_eq!(tokens.len(), 10);
    for (algorithm, token) in tokens {
        let identity = verify(token.as_str().unwrap(), &keys).expect(algorithm);
        assert_eq!(identity.subject, "repo:trent/trent:ref:refs/heads/main");
        assert_eq!(identity.audience, "sts.amazonaws.com");
        assert_eq!(identity.expires.as_second(), 1_700_003_600);
        assert_eq!(identity.provider(), "token.example.com/tenant");
    }
}

#[test]
fn without_key_ids_and_algorithms_in_the_set_the_key_is_found_by_trying() {
    let vectors = vectors();
    let mut keys = vectors["jwks"]["keys"].as_array().unwrap().clone();
    for key in &mut keys {
        key.as_object_mut().unwrap().retain(|name, _| name != "kid" && name != "alg");
    }
    let keys = key_set(&keys);
    for (algorithm, token) in vectors["tokens"].as_object().unwrap() {
        assert!(verify(token.as_str().unwrap(), &keys).is_ok(), "{algorithm}");
    }
}

#[test]
fn every_changed_character_is_noticed() {
    let vectors = vectors();
    let keys = Jwks::parse(vectors["jwks"].to_string().as_bytes()).unwrap();
    for (algorithm, token) in vectors["tokens"].as_object().unwrap() {
        let token = token.as_str().unwrap();
        for position in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed, &keys).is_err(), "{algorithm} at {position}");
        }
    }
}

/// The examples have no `aud`: a right signature is seen by what is missed next.
fn check_example(key: &Value, token: &str) {
    let keys = key_set(std::slice::from_ref(key));
    assert_eq!(verify(token, &keys), Err(WebIdentityError::Issuer));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other = format!("{header}.{}.{signature}", encode(br#"{"iss":"joe","exp":1300819381}"#));
    assert_eq!(verify(&other, &keys), Err(WebIdentityError::Signature));
}

#[test]
fn rfc_7515_a_2() {
    let key = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPME\
              zP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-b\
              Sf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3q\
              Co5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb\
              54h4FRWyuXpoQ",
        "e": "AQAB",
    });
    check_example(
        &key,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtc\
         GxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOi\
         Zj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_\
         nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu\
         sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywl\
         VmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
}

#[test]
fn rfc_7515_a_3() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    check_example(
        &key,
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtc\
         GxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djx\
         La8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
}
