//! The services that all contenders work with, each behind a TLS end and a delay, with a secret and documents in them.

use std::path::{Path, PathBuf};

use devstack::examples;
use devstack::stack::Stack;
use devstack::tools::Need;

use crate::cgroup::Group;
use crate::contender::Contender;
use crate::output;
use crate::sandbox::Sandbox;
use crate::tls::Certificates;

/// Owner of the secret.
const USER: &str = "alice";

/// The services, running.
#[derive(Debug)]
pub struct TestBed {
    stack: Stack,
    certificates: Certificates,
    settings: Vec<(String, String)>,
    logs: PathBuf,
    // Removed after the services have ended.
    _group: Group,
}

impl TestBed {
    /// Starts the services and stores the objects of the events.
    pub fn open() -> Result<Self, String> {
        Need::Services.provide()?;
        eprintln!("starting the services …");
        let stack = Stack::start();
        // The stand-in for AWS would not be on the function's machine: it takes no processor from it, nor from the
        // line.
        let group = Group::make()?;
        stack.processes().try_for_each(|process| group.take(process))?;
        group.stand_back()?;
        let certificates = Certificates::make(stack.folder())?;
        let mut settings = stack.settings();
        for (name, value) in &mut settings {
            match name.as_str() {
                "COFFER_DYNAMODB_URL" | "COFFER_SECRETS_MANAGER_URL" | "COFFER_OPENSEARCH_URL" => {
                    *value = certificates.before(value, stack.runtime())?;
                }
                "COFFER_OPENSEARCH_AUTH" => "sigv4".clone_into(value),
                _ => {}
            }
        }
        // For OpenSSL and rustls, and for boto3, which else has a list of its own of the same length.
        for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE"] {
            settings.push((name.to_owned(), certificates.bundle.display().to_string()));
        }
        let logs = output::folder("logs")?;
        let site = Self { stack, certificates, settings, logs, _group: group };
        site.fill()?;
        Ok(site)
    }

    fn fill(&self) -> Result<(), String> {
        self.stack.runtime().block_on(examples::put(&self.stack));
        let create = Contender::coffer("coffer", "create-secret", self.stack.function("create-secret"));
        self.run(async {
            let mut sandbox = self.start(&create, 1769).await?;
            match sandbox.invoke(self.event("create-secret")?).await?.read()? {
                // It is there from an earlier run, if the services are not this run's own.
                (201, _) => Ok(()),
                (400, body) if body.contains("VALUE_DUPLICATE") => Ok(()),
                (status, body) => Err(format!("create-secret answered {status}: {body}")),
            }
        })
    }

    /// Runs something that waits for the services.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.stack.runtime().block_on(work)
    }

    /// The binary of one of Coffer's functions.
    pub fn function(&self, name: &str) -> PathBuf {
        self.stack.function(name)
    }

    /// The certificate that a program with a list of its own needs to trust besides.
    pub fn root_certificate(&self) -> &Path {
        &self.certificates.root
    }

    /// The event of a user's request to a function, with a token that was just made.
    ///
    /// # Errors
    /// If there is no such function.
    pub fn event(&self, function: &str) -> Result<String, String> {
        let mut events = examples::events(&self.stack, USER).into_iter();
        let found = events.find(|(name, _)| *name == function);
        found.map(|(_, event)| event).ok_or_else(|| format!("no event for {function}"))
    }

    /// Starts a contender on the services.
    pub async fn start(&self, contender: &Contender, memory_mb: u64) -> Result<Sandbox, String> {
        Sandbox::start(contender, &self.settings, memory_mb, &self.logs).await
    }
}
