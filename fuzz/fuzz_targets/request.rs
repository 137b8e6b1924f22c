//! Sequences of requests to a whole service: every one is answered in good order.
//!
//! Each line is an operation and its request in JSON, in which `"$Name"` stands for what was last
//! answered under that name; or `Advance` and a number of days.
#![no_main]

use jiff::Span;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use trent_fuzz::world::World;
use trent_service::time_travel::ClockMove;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(vec![0xe7; 32]));

fuzz_target!(|text: &str| {
    // Making these takes seconds.
    if ["RSA_3072", "RSA_4096"].iter().any(|slow| text.contains(slow)) {
        return;
    }
    let world = &*WORLD;
    world.wait(world.service.reset()).unwrap();
    world.wait(world.service.seed(SEED)).unwrap();
    let mut answered = BTreeMap::new();
    for line in text.lines().take(LINES_MAX) {
        let (operation, body) = line.split_once(' ').unwrap_or((line, ""));
        if operation == "Advance" {
            let days = body.trim().parse::<u16>().unwrap_or(1);
            let by = ClockMove::Advance(Span::new().days(i64::from(days % DAYS_MAX)));
            world.wait(world.service.travel(by)).unwrap();
            continue;
        }
        let body = with_answers(body, &answered);
        let answer = world.call(&world.service, operation, body.as_bytes(), None);
        if answer.error.is_none() && answer.body.is_empty() {
            continue;
        }
        let reply: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(reply.is_object());
        match answer.error {
            Some(code) => assert_eq!(reply["__type"], code.as_str()),
            None => keep(&reply, &mut answered),
        }
    }
});

/// The request with what was answered in the place of names.
fn with_answers(body: &str, answered: &BTreeMap<String, String>) -> String {
    let mut parts = body.split("\"$");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('"').and_then(|(name, rest)| Some((answered.get(name)?, rest))) {
            Some((value, rest)) => text.extend([value.as_str(), rest]),
            None => text.extend(["\"$", part]),
        }
    }
    text
}

/// Keeps every member of a reply, as JSON, under its name.
fn keep(reply: &Value, answered: &mut BTreeMap<String, String>) {
    match reply {
        Value::Object(members) => {
            for (name, value) in members {
                answered.insert(name.clone(), value.to_string());
                keep(value, answered);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keep(value, answered)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The longest sequence.
const LINES_MAX: usize = 16;

/// How far the clock moves in one step.
const DAYS_MAX: u16 = 3000;

/// A key, and one that waits for its material.
const SEED: &str = "
Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: 00000000-0000-4000-8000-000000000001
        BackingKeys:
          - 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
          - 6cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
      - Metadata:
          KeyId: 00000000-0000-4000-8000-000000000002
          Origin: EXTERNAL
Aliases:
  - AliasName: alias/a
    TargetKeyId: 00000000-0000-4000-8000-000000000001
";
