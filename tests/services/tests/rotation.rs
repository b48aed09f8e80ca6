//! Rotation and retirement of keys, by the steps of docs/OPERATIONS.md, under a load of creates and updates.

use std::cmp::max;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use serde_json::{Value, json};

use devstack::random::Random;
use devstack::sandbox::{Answer, FrozenFunction, Function};
use devstack::stack::{KEYRING_TEXT, Stack, TABLE};
use devstack::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] = &[(
    "rotations_under_load_fail_no_request_and_a_retired_key_seals_nothing",
    &[Need::Services],
    rotations_under_load,
)];

const ROTATIONS: usize = 5;
/// Clients, each with one request at a time. Fewer than the sandboxes, so that some are idle.
const CLIENTS: usize = 3;
const CREATE_SANDBOXES: usize = 3;
/// In each rotation two are frozen, and one may still be from the rotation before.
const UPDATE_SANDBOXES: usize = 4;
const GET_SANDBOXES: usize = 2;
/// Secrets there are before the first rotation.
const SECRETS: usize = 30;
/// Maximum age of a keyring that seals.
const MAX_AGE: Duration = Duration::from_secs(2);
/// The sandboxes' access key: DynamoDB Local keeps a table for each.
const ACCESS_KEY: &str = "rotation";
/// The sandboxes' keyring.
const KEYRING: &str = "coffer/rotation";
const SETTINGS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
    ("COFFER_KEYRING_SECRET", KEYRING),
    // As `MAX_AGE`.
    ("COFFER_KEYRING_MAX_AGE", "2s"),
];
/// Bound of each wait.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Update,
    Get,
}

/// Steps of a rotation, in their order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Added = 1,
    Current,
    Retired,
    Removed,
}

impl Step {
    /// Number of this step of a rotation; later steps have higher ones.
    const fn of(self, rotation: usize) -> usize {
        rotation * 4 + self as usize
    }
}

/// Keyring as the operator writes it.
struct Keyring<'a> {
    stack: &'a Stack,
    current: String,
    keys: BTreeMap<String, String>,
}

impl<'a> Keyring<'a> {
    /// The keyring of a new deployment, with one key.
    fn make(stack: &'a Stack) -> Self {
        // Another run may have left its own.
        stack.runtime().block_on(async {
            stack.make_secret(KEYRING, KEYRING_TEXT).await;
            stack.replace_secret(KEYRING, KEYRING_TEXT).await;
        });
        let made: Value = serde_json::from_str(KEYRING_TEXT).unwrap();
        let current = "1".to_owned();
        let keys = BTreeMap::from([(current.clone(), made["key"].as_str().unwrap().to_owned())]);
        Self { stack, current, keys }
    }

    /// Writes it. No sandbox reads the former one after the time that is returned.
    fn write(&self) -> SystemTime {
        let text = json!({ "v": 1, "current": self.current, "keys": self.keys }).to_string();
        self.stack.runtime().block_on(self.stack.replace_secret(KEYRING, &text));
        SystemTime::now()
    }
}

/// Sandboxes of a function that no request is using.
struct Pool<'a>(Mutex<Vec<&'a Function<'a>>>);

impl<'a> Pool<'a> {
    fn of(functions: &'a [Function<'a>]) -> Self {
        Self(Mutex::new(functions.iter().collect()))
    }

    /// Takes one of the idle sandboxes, if there is one.
    fn take(&self, random: &mut Random) -> Option<&'a Function<'a>> {
        let mut idle = self.0.lock().unwrap();
        (!idle.is_empty()).then(|| {
            let place = random.below(idle.len());
            idle.swap_remove(place)
        })
    }

    fn give_back(&self, function: &'a Function<'a>) {
        self.0.lock().unwrap().push(function);
    }
}

/// A secret as the client knows it.
struct Secret {
    owner: String,
    name: String,
    data: Value,
}

impl Secret {
    fn path(&self) -> String {
        format!("{}/{}", secrets_of(&self.owner), self.name)
    }
}

fn secrets_of(owner: &str) -> String {
    format!("/vault/api/v1/user/{owner}/secrets")
}

/// Use of a key.
#[derive(Debug, Default)]
struct Use {
    creates: usize,
    updates: usize,
    /// Seals after another key became current, before the maximum age was over.
    until_retired: usize,
    /// Time at which another key was current.
    replaced: Option<SystemTime>,
}

/// Numbers of requests that were begun, and of those that are under way.
#[derive(Default)]
struct Requests {
    begun: usize,
    under_way: BTreeSet<usize>,
}

/// Clients' side of the test: sandboxes, secrets, and records of each write.
struct Load<'a> {
    stack: &'a Stack,
    table: aws_sdk_dynamodb::Client,
    pools: [Pool<'a>; 3],
    /// Secrets that no request is using, the one written longest ago first.
    secrets: Mutex<VecDeque<Secret>>,
    /// Uses of keys by their id, read from the items' headers after each write.
    keys: Mutex<BTreeMap<String, Use>>,
    requests: Mutex<Requests>,
    gets: AtomicUsize,
    /// Times for which sandboxes were frozen.
    frozen: Mutex<Vec<Duration>>,
    failures: Mutex<Vec<String>>,
    /// Last step of the rotations that was done.
    step: AtomicUsize,
    over: AtomicBool,
}

/// Ends the load if the thread panics, so that no other thread waits for it.
struct EndOnPanic<'a>(&'a AtomicBool);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

impl<'a> Load<'a> {
    fn new(stack: &'a Stack, functions: &'a [Vec<Function<'a>>; 3]) -> Self {
        Self {
            stack,
            table: stack.table(ACCESS_KEY),
            pools: functions.each_ref().map(|functions| Pool::of(functions)),
            secrets: Mutex::default(),
            keys: Mutex::default(),
            requests: Mutex::default(),
            gets: AtomicUsize::new(0),
            frozen: Mutex::default(),
            failures: Mutex::default(),
            step: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Waits for a condition, within a bound; `None` if the load ends before it holds.
    fn wait<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
        let started = Instant::now();
        loop {
            if let Some(value) = ready() {
                return Some(value);
            }
            if self.over.load(Ordering::SeqCst) {
                return None;
            }
            assert!(started.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
            // Between two looks at the condition; a busy wait would take a core from the awaited process.
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Lets the maximum age pass by the wall clock, which is the sandboxes' clock.
    fn wait_for_maximum_age(&self, since: SystemTime) -> Option<()> {
        self.wait("the maximum age", || (SystemTime::now() > since + MAX_AGE).then_some(()))
    }

    /// Records a failure, which ends the load.
    fn fail(&self, failure: String) {
        self.failures.lock().unwrap().push(failure);
        self.over.store(true, Ordering::SeqCst);
    }

    #[track_caller]
    fn expect_no_failure(&self) {
        let failures = self.failures.lock().unwrap().join("\n");
        assert!(failures.is_empty(), "{failures}");
    }

    fn pool(&self, operation: Operation) -> &Pool<'a> {
        &self.pools[operation as usize]
    }

    /// Takes an idle sandbox of an operation's function; `None` if the load ends before there is one.
    fn take(&self, operation: Operation, random: &mut Random) -> Option<&'a Function<'a>> {
        self.wait("an idle sandbox", || self.pool(operation).take(random))
    }

    /// Sends requests until the load ends.
    fn client(&self, mut random: Random) {
        let _end = EndOnPanic(&self.over);
        while !self.over.load(Ordering::SeqCst) {
            let few = self.secrets.lock().unwrap().len() < SECRETS;
            let operation = match random.below(100) {
                _ if few => Operation::Create,
                0..8 => Operation::Create,
                8..80 => Operation::Update,
                _ => Operation::Get,
            };
            let Some(function) = self.take(operation, &mut random) else { return };
            self.call(operation, &mut random, function);
            self.pool(operation).give_back(function);
        }
    }

    fn call(&self, operation: Operation, random: &mut Random, function: &Function<'_>) {
        self.request(operation, random, function, |user, method, path, body| function.call(user, method, path, body));
    }

    /// Sends a request to a frozen function as soon as a step is done, and thaws it when the event is there.
    fn thaw(
        &self,
        operation: Operation,
        mut random: Random,
        function: &'a Function<'a>,
        frozen: FrozenFunction<'a>,
        step: usize,
    ) {
        let _end = EndOnPanic(&self.over);
        let since = Instant::now();
        let done = self.wait("a step of the rotations", || (self.step.load(Ordering::SeqCst) >= step).then_some(()));
        if done.is_none() {
            return;
        }
        self.request(operation, &mut random, function, |user, method, path, body| {
            let answer = frozen.call(user, method, path, body);
            self.frozen.lock().unwrap().push(since.elapsed());
            answer
        });
        self.pool(operation).give_back(function);
    }

    /// Makes one request by `call`, on a secret that no other request is using, and records its result.
    fn request(
        &self,
        operation: Operation,
        random: &mut Random,
        function: &Function<'_>,
        call: impl FnOnce(&str, &str, &str, String) -> Answer,
    ) {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.begun += 1;
            let number = requests.begun;
            requests.under_way.insert(number);
            number
        };
        let mut secret = self.secret(operation, number, random);
        let data = match operation {
            Operation::Get => secret.data.clone(),
            Operation::Create | Operation::Update => {
                let text: String = (0..random.below(200)).map(|_| random.character()).collect();
                json!({ "request": number, "text": text })
            }
        };
        let (status, method, path, body) = match operation {
            Operation::Create => (201, "POST", secrets_of(&secret.owner), json!({ "name": secret.name, "data": data })),
            Operation::Update => (200, "PUT", secret.path(), json!({ "data": data })),
            Operation::Get => (200, "GET", secret.path(), Value::Null),
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let sent = SystemTime::now();
        let answer = call(&secret.owner, method, &path, body);
        if answer.status != status {
            self.fail(format!("{method} {path}: {answer:?}\n{}", log_of(function, &answer)));
        } else if operation == Operation::Get {
            self.gets.fetch_add(1, Ordering::SeqCst);
            if answer.json()["data"] != data {
                self.fail(format!("{path} has other data than were written: {answer:?}"));
            }
            // Its write is as long ago as before.
            self.secrets.lock().unwrap().push_front(secret);
        } else {
            secret.data = data;
            self.record_seal(operation, &secret, sent);
            self.secrets.lock().unwrap().push_back(secret);
        }
        self.requests.lock().unwrap().under_way.remove(&number);
    }

    /// Takes the secret of a request: a new one, the one written longest ago, or any.
    fn secret(&self, operation: Operation, number: usize, random: &mut Random) -> Secret {
        let mut secrets = self.secrets.lock().unwrap();
        match operation {
            Operation::Create => {
                Secret { owner: format!("rotation-{}", random.below(5)), name: format!("s{number}"), data: Value::Null }
            }
            Operation::Update => secrets.pop_front().unwrap(),
            Operation::Get => {
                let place = random.below(secrets.len());
                secrets.remove(place).unwrap()
            }
        }
    }

    /// Reads the key and the time of a write from its item, and sees that the key was not retired by then.
    fn record_seal(&self, operation: Operation, secret: &Secret, sent: SystemTime) {
        let Secret { owner, name, .. } = secret;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.table.get_item().table_name(TABLE).consistent_read(true);
        let get = get.key("owner", text(owner)).key("name", text(name)).send();
        let item = self.stack.runtime().block_on(get).unwrap().item.unwrap();
        let key = key_of(item["sealed"].as_b().unwrap().as_ref());
        let written: u64 = item["updated_ms"].as_n().unwrap().parse().unwrap();
        // Taken before the seal, and in whole milliseconds: never later than the seal.
        let written = UNIX_EPOCH + Duration::from_millis(written);
        assert!(written + Duration::from_millis(1) > sent, "the item of {owner} {name} is of an earlier write");

        let mut keys = self.keys.lock().unwrap();
        let used = keys.entry(key.clone()).or_default();
        *if operation == Operation::Create { &mut used.creates } else { &mut used.updates } += 1;
        let Some(since) = used.replaced.and_then(|replaced| written.duration_since(replaced).ok()) else { return };
        if since <= MAX_AGE {
            used.until_retired += 1;
        } else {
            self.fail(format!(
                "{operation:?} of {owner} {name} was sealed with the retired key {key:?}, \
                 {since:?} after another one became current"
            ));
        }
    }

    /// Number of the items that are sealed with a key, by the start of their header.
    fn items_sealed_with(&self, key: &str) -> usize {
        let header = [&[1, u8::try_from(key.len()).unwrap()], key.as_bytes()].concat();
        let scan = self.table.scan().table_name(TABLE).consistent_read(true).select(Select::Count);
        let scan = scan
            .filter_expression("begins_with(sealed, :header)")
            .expression_attribute_values(":header", AttributeValue::B(Blob::new(header)));
        self.stack.runtime().block_on(async {
            let (mut pages, mut count) = (scan.into_paginator().send(), 0);
            while let Some(page) = pages.try_next().await.unwrap() {
                count += usize::try_from(page.count).unwrap();
            }
            count
        })
    }

    /// Rotates the keyring, retires the former key and removes it; `None` if the load ends before.
    ///
    /// `freeze` freezes sandboxes between the first two steps.
    fn rotate(
        &self,
        rotation: usize,
        keyring: &mut Keyring<'_>,
        random: &mut Random,
        freeze: impl Fn(&mut Random) -> Option<()>,
    ) -> Option<()> {
        let done = |step: Step| self.step.store(step.of(rotation), Ordering::SeqCst);
        let former = keyring.current.clone();
        let new = (rotation + 2).to_string();

        // Rotate: add a key …
        let key = (0..4).map(|_| format!("{:016x}", random.number())).collect();
        keyring.keys.insert(new.clone(), key);
        let added = keyring.write();
        done(Step::Added);
        freeze(random)?;
        // … and make it current after the maximum age.
        self.wait_for_maximum_age(added)?;
        keyring.current = new;
        let replaced = keyring.write();
        self.keys.lock().unwrap().entry(former.clone()).or_default().replaced = Some(replaced);
        done(Step::Current);

        // Retire: wait for the maximum age after another key became current …
        self.wait_for_maximum_age(replaced)?;
        done(Step::Retired);
        // … and for the requests that are under way by then.
        let last = self.requests.lock().unwrap().begun;
        self.wait("requests begun before a key was retired", || {
            let earliest = self.requests.lock().unwrap().under_way.first().copied();
            earliest.is_none_or(|earliest| earliest > last).then_some(())
        })?;
        // A secret moves to the current key when it is written. Remove a key when no item names it.
        self.wait("updates of all secrets of a retired key", || (self.items_sealed_with(&former) == 0).then_some(()))?;
        keyring.keys.remove(&former);
        keyring.write();
        done(Step::Removed);
        // Only a key that was used shows anything when it is retired.
        self.wait("a create and an update with the new key", || {
            let keys = self.keys.lock().unwrap();
            keys.get(&keyring.current).filter(|used| used.creates > 0 && used.updates > 0).map(|_| ())
        })
    }

    /// Reads every secret with this function.
    fn read_all(&self, get: &Function<'_>) {
        for secret in &*self.secrets.lock().unwrap() {
            let answer = get.call(&secret.owner, "GET", &secret.path(), "");
            assert_eq!(answer.status, 200, "{answer:?}\n{}", log_of(get, &answer));
            assert_eq!(answer.json()["data"], secret.data, "{answer:?}");
        }
    }
}

/// Id of the key in a header: format 1, the id's length, the id.
fn key_of(sealed: &[u8]) -> String {
    assert_eq!(sealed[0], 1);
    String::from_utf8(sealed[2..2 + usize::from(sealed[1])].to_vec()).unwrap()
}

/// Lines of a function's log about an answer.
fn log_of(function: &Function<'_>, answer: &Answer) -> String {
    let id = answer.headers.get("x-request-id").map_or("", String::as_str);
    let log = function.log();
    log.lines().filter(|line| line.contains(id) || line.contains("keyring")).collect::<Vec<_>>().join("\n")
}

fn rotations_under_load(world: &World) {
    let mut random = Random::for_test(TESTS[0].0);
    let stack = world.stack();
    stack.runtime().block_on(stack.make_table(ACCESS_KEY));
    let mut keyring = Keyring::make(stack);
    let functions =
        [("create-secret", CREATE_SANDBOXES), ("update-secret", UPDATE_SANDBOXES), ("get-secret", GET_SANDBOXES)].map(
            |(name, count)| -> Vec<_> { (0..count).map(|_| Function::start_with(stack, name, &SETTINGS)).collect() },
        );
    let load = &Load::new(stack, &functions);
    // The emulator starts a function with its first request, and only a function that runs can be frozen.
    for operation in [Operation::Create, Operation::Update, Operation::Get] {
        for function in &functions[operation as usize] {
            load.call(operation, &mut random, function);
        }
    }
    load.expect_no_failure();

    let done = thread::scope(|scope| {
        let _end = EndOnPanic(&load.over);
        for client in 0..CLIENTS {
            let random = random.part(client);
            scope.spawn(move || load.client(random));
        }
        load.wait("secrets", || (load.secrets.lock().unwrap().len() > SECRETS).then_some(()))?;
        // A function, and the step after which it is thawed.
        let freeze = |operation: Operation, random: &mut Random, step: usize| {
            let function = load.take(operation, random)?;
            let (frozen, random) = (function.freeze(), random.part(step));
            scope.spawn(move || load.thaw(operation, random, function, frozen, step));
            Some(())
        };
        let draw = |random: &mut Random| if random.percent(50) { Step::Retired } else { Step::Removed };
        for rotation in 0..ROTATIONS {
            // Into the next rotation, if there is one.
            let later = (rotation + usize::from(random.percent(50))).min(ROTATIONS - 1);
            let (create, get) = (Operation::Create, Operation::Get);
            let (before, after) = if random.percent(50) { (create, get) } else { (get, create) };
            // These hold a keyring without the new key …
            for operation in [Operation::Update, before] {
                let step = draw(&mut random).of(rotation);
                freeze(operation, &mut random, step)?;
            }
            load.rotate(rotation, &mut keyring, &mut random, |random| {
                // … and these may hold one in which it is not current.
                for (operation, until) in [(Operation::Update, later), (after, rotation)] {
                    let step = draw(random).of(until);
                    freeze(operation, random, step)?;
                }
                Some(())
            })?;
        }
        load.wait("answers of sandboxes that were frozen", || {
            (load.frozen.lock().unwrap().len() == ROTATIONS * 4).then_some(())
        })?;
        load.over.store(true, Ordering::SeqCst);
        Some(())
    });
    load.expect_no_failure();
    assert!(done.is_some(), "the load ended early");
    load.read_all(&functions[Operation::Get as usize][0]);

    let keys = load.keys.lock().unwrap();
    let secrets = load.secrets.lock().unwrap().len();
    assert_eq!(keyring.keys.keys().collect::<Vec<_>>(), [&keyring.current]);
    assert_eq!(load.items_sealed_with(&keyring.current), secrets);
    assert_eq!(keys.values().map(|used| used.creates).sum::<usize>(), secrets);
    assert_eq!(keys.len(), ROTATIONS + 1);
    let frozen = load.frozen.lock().unwrap();
    let longest = frozen.iter().fold(Duration::ZERO, |longest, time| max(longest, *time));
    let shortest = frozen.iter().fold(longest, |shortest, time| shortest.min(*time));
    assert!(shortest > MAX_AGE, "a sandbox was frozen for {shortest:?} only");
    eprintln!(
        "{ROTATIONS} rotations, {secrets} creates, {} updates, {} gets under load, 0 failed; {} sandboxes frozen for {:.1} s to {:.1} s",
        keys.values().map(|used| used.updates).sum::<usize>(),
        load.gets.load(Ordering::SeqCst),
        frozen.len(),
        shortest.as_secs_f64(),
        longest.as_secs_f64(),
    );
    for (key, Use { creates, updates, until_retired, .. }) in &*keys {
        eprintln!(
            "key {key}: sealed {creates} creates and {updates} updates, {until_retired} of them while no longer current"
        );
    }
}
