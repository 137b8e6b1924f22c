//! Seeds in YAML: what one says is made once, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use trent_fuzz::world::World;
use trent_service::ServiceError;
use trent_service::seed::Seeded;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(vec![0xe7; 32]));

fuzz_target!(|yaml: &str| {
    let world = &*WORLD;
    match world.wait(world.service.seed(yaml)) {
        Ok(_) => {
            let again = world.wait(world.service.seed(yaml)).unwrap();
            assert_eq!(again, Seeded::default());
        }
        Err(ServiceError::Seed(_)) => {}
        Err(error) => panic!("{error}"),
    }
    world.wait(world.service.reset()).unwrap();
});
