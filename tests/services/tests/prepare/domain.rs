//! The address of a domain, looked up in the control plane.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use devstack::proxy::{Fault, Proxy};
use devstack::stack::Stack;
use devstack::tools::Need;
use prepare_search::domain::endpoint;
use serde_json::json;

use super::Indices;
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_domain_is_waited_for_until_it_is_ready", &[Need::Services], a_domain_is_waited_for_until_it_is_ready),
    ("a_domain_that_is_not_ready_in_time_is_named", &[Need::Services], a_domain_that_is_not_ready_in_time_is_named),
    ("a_domain_in_a_private_network_has_an_address", &[Need::Services], a_domain_in_a_private_network_has_an_address),
    ("a_domain_that_is_not_there_is_named", &[Need::Services], a_domain_that_is_not_there_is_named),
];

fn config(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("test", "test", None)))
        .endpoint_url(url)
        .build()
}

/// Makes a domain at the control plane, a proxy before it.
fn domain(stack: &Stack, name: &str) -> Proxy {
    let client = aws_sdk_opensearch::Client::new(&config(&stack.secrets_manager));
    stack.runtime().block_on(client.create_domain().domain_name(name).send()).unwrap();
    Proxy::before(stack.runtime().handle(), &stack.secrets_manager)
}

/// Answer of the control plane for a domain in this state.
fn state(status: &serde_json::Value) -> Fault {
    let body = json!({ "DomainStatus": status }).to_string().into();
    Fault::Answer { status: 200, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body }
}

fn a_domain_is_waited_for_until_it_is_ready(world: &World) {
    let stack = world.stack();
    let proxy = domain(stack, "waited-for");
    // The control plane of the tests has no domain that is still being made.
    let making = json!({
        "DomainId": "1/x", "DomainName": "waited-for", "ARN": "arn:x", "ClusterConfig": {}, "Processing": true,
    });
    proxy.fail_times(state(&making), 2);
    let found = stack.runtime().block_on(endpoint(&config(&proxy.url()), "waited-for", Duration::from_secs(60)));
    let host = found.unwrap().host_str().unwrap().to_owned();
    assert!(host.contains("waited-for"), "{host}");
    assert_eq!(proxy.take_calls().len(), 3);
}

fn a_domain_that_is_not_ready_in_time_is_named(world: &World) {
    let stack = world.stack();
    let proxy = domain(stack, "never-ready");
    let without = json!({ "DomainId": "1/x", "DomainName": "never-ready", "ARN": "arn:x", "ClusterConfig": {} });
    proxy.fail(state(&without));
    let found = stack.runtime().block_on(endpoint(&config(&proxy.url()), "never-ready", Duration::from_secs(2)));
    let fault = found.unwrap_err();
    assert!(fault.is_of_time() && fault.to_string().contains("never-ready has no address yet"), "{fault}");
}

fn a_domain_in_a_private_network_has_an_address(world: &World) {
    let stack = world.stack();
    let proxy = domain(stack, "private");
    let private = json!({
        "DomainId": "1/x", "DomainName": "private", "ARN": "arn:x", "ClusterConfig": {}, "Processing": false,
        "Endpoints": { "vpc": "vpc-private.us-east-1.es.example" },
    });
    proxy.fail(state(&private));
    let found = stack.runtime().block_on(endpoint(&config(&proxy.url()), "private", Duration::from_secs(2)));
    assert_eq!(found.unwrap().as_str(), "https://vpc-private.us-east-1.es.example/");
}

fn a_domain_that_is_not_there_is_named(world: &World) {
    let stack = world.stack();
    let mut program = Indices::new(stack, "nobodys-").command("", &[]);
    program
        .env("COFFER_OPENSEARCH_DOMAIN", "nobodys-domain")
        .env("AWS_ENDPOINT_URL_OPENSEARCH", &stack.secrets_manager)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let output = program.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("the domain nobodys-domain: "), "{errors}");
    assert!(errors.contains("ResourceNotFound") || errors.contains("not found"), "{errors}");
}
