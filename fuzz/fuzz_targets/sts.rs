//! Forms for AWS STS: every one is answered in good order, and no role is got without a right to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use trent_fuzz::world::{ROLE, World};

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let world = World::new(vec![0xe7; 32]);
    world.create_role();
    world
});

fuzz_target!(|form: &[u8]| {
    let answer = WORLD.form(form);
    let text = String::from_utf8(answer.body).unwrap();
    assert!([200, 400, 403, 404, 413].contains(&answer.status), "{} {text}", answer.status);
    assert!(text.starts_with('<') && text.trim_end().ends_with('>'), "{text}");
    if answer.status == 200 && !text.contains("<GetCallerIdentityResult>") {
        // Whoever has an access key may assume the one role. The tokens of the issuer have expired.
        assert!(text.contains("<AssumeRoleResult>") && text.contains(ROLE), "{text}");
    }
});
