//! One contender's process, as Lambda runs it: the whole machine while it starts, the share of its memory size from its
//! first `next` on, one event at a time.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::cgroup::Group;
use crate::contender::Contender;
use crate::memory::peak_kib;
use crate::runtime_api::{Call, RuntimeApi};

/// Longest silence of a process.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that waits for its first event.
#[derive(Debug)]
pub struct Sandbox {
    // In this order: the group can be removed when the process has ended.
    process: Running,
    group: Group,
    api: RuntimeApi,
    waiting: Option<oneshot::Sender<String>>,
    /// From the start of the program to its first `next`, in milliseconds.
    pub init_ms: f64,
    /// The processor time of that, in milliseconds.
    pub init_cpu_ms: f64,
}

/// An event answered.
#[derive(Debug)]
pub struct Answered {
    /// From handing the event out to the answer's last byte, in milliseconds.
    pub ms: f64,
    /// The processor time since the program's start, in milliseconds.
    pub cpu_ms: f64,
    /// The most memory that the process had so far, in KiB.
    pub peak_rss_kib: u64,
    body: Bytes,
}

impl Answered {
    /// Status and body of the answer.
    ///
    /// # Errors
    /// If it is no answer of a gateway's function.
    pub fn read(&self) -> Result<(u64, String), String> {
        let text = String::from_utf8_lossy(&self.body);
        let event: Value = serde_json::from_slice(&self.body).map_err(|error| format!("{error}: {text}"))?;
        let status = event["statusCode"].as_u64().ok_or_else(|| format!("no status: {text}"))?;
        Ok((status, event["body"].as_str().unwrap_or_default().to_owned()))
    }
}

impl Sandbox {
    /// Starts a contender with just these variables, and waits for its first `next`. It has the share of `memory_mb`
    /// from then on. Its output goes to a file of its name in `logs`.
    pub async fn start(
        contender: &Contender,
        settings: &[(String, String)],
        memory_mb: u64,
        logs: &Path,
    ) -> Result<Self, String> {
        let mut api = RuntimeApi::start().await?;
        let group = Group::make()?;
        let mut process = Running::prepare(contender, settings, api.address(), memory_mb, logs)?;
        group.take(process.child.id())?;
        let cpu_before = group.cpu_ms()?;
        let started = Instant::now();
        process.go()?;
        let Call::Next { at, event } = process.call(&mut api).await? else {
            return Err(process.complaint("answered before it was asked"));
        };
        group.limit(memory_mb)?;
        let init_ms = ms(at - started);
        let init_cpu_ms = group.cpu_ms()? - cpu_before;
        Ok(Self { process, group, api, waiting: Some(event), init_ms, init_cpu_ms })
    }

    /// Ends the process as Lambda does, with a signal, so that a tool around it can write its results.
    ///
    /// # Errors
    /// If it doesn't end.
    pub fn end(mut self) -> Result<(), String> {
        let process = self.process.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &process]).status();
        told.map_err(|error| format!("kill: {error}"))?;
        let started = Instant::now();
        while matches!(self.process.child.try_wait(), Ok(None)) {
            if started.elapsed() > PATIENCE {
                return Err(self.process.complaint("does not end"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Hands an event out and waits for the answer.
    pub async fn invoke(&mut self, event: String) -> Result<Answered, String> {
        let waiting = match self.waiting.take() {
            Some(waiting) => waiting,
            None => match self.process.call(&mut self.api).await? {
                Call::Next { event, .. } => event,
                Call::Answer { .. } | Call::Failure(_) => return Err(self.process.complaint("answered twice")),
            },
        };
        let handed = Instant::now();
        let _ = waiting.send(event);
        match self.process.call(&mut self.api).await? {
            Call::Answer { at, body, done } => {
                // Before the process goes on.
                let cpu_ms = self.group.cpu_ms()?;
                let peak_rss_kib = peak_kib(self.process.child.id())?;
                let _ = done.send(());
                Ok(Answered { ms: ms(at - handed), cpu_ms, peak_rss_kib, body })
            }
            Call::Next { .. } | Call::Failure(_) => Err(self.process.complaint("gave no answer")),
        }
    }
}

/// A process that ends with this value.
#[derive(Debug)]
struct Running {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Running {
    /// Starts a shell that becomes the program when it is told to, so that the program's first instruction is counted
    /// in its group already, and nothing of the shell is.
    fn prepare(
        contender: &Contender,
        settings: &[(String, String)],
        api: &str,
        memory_mb: u64,
        logs: &Path,
    ) -> Result<Self, String> {
        let log = logs.join(format!("{}.{}.log", contender.name, contender.function));
        let file = |error: std::io::Error| format!("{}: {error}", log.display());
        let output = File::create(&log).map_err(file)?;
        let errors = output.try_clone().map_err(file)?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "read -r go; exec \"$@\" </dev/null", "sh"])
            .args(&contender.command)
            .env_clear()
            .envs(lambdas(contender.function, memory_mb))
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .envs(contender.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors);
        let child = command.spawn().map_err(|error| format!("{} does not start: {error}", contender.name))?;
        Ok(Self { child, name: contender.name.clone(), log })
    }

    fn go(&mut self) -> Result<(), String> {
        let told = self.child.stdin.take().map(|mut input| input.write_all(b"\n"));
        told.transpose().map(drop).map_err(|error| format!("{} does not start: {error}", self.name))
    }

    /// Next call of the process.
    async fn call(&mut self, api: &mut RuntimeApi) -> Result<Call, String> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            // Now and then it is looked whether the process is there at all.
            match tokio::time::timeout(Duration::from_millis(200), api.call()).await {
                Ok(Some(Call::Failure(text))) => return Err(self.complaint(&text)),
                Ok(Some(call)) => return Ok(call),
                Ok(None) => return Err(self.complaint("lost its runtime API")),
                Err(_) if matches!(self.child.try_wait(), Ok(None)) => {}
                Err(_) => return Err(self.complaint("ended")),
            }
        }
        Err(self.complaint(&format!("said nothing within {PATIENCE:?}")))
    }

    fn complaint(&self, what: &str) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("{} {what}; {} ends with:\n{last}", self.name, self.log.display())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The variables that Lambda sets by itself.
fn lambdas(function: &str, memory_mb: u64) -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    vec![
        ("PATH", text("/usr/local/bin:/usr/bin:/bin")),
        ("LANG", text("en_US.UTF-8")),
        ("TZ", text(":UTC")),
        ("AWS_SESSION_TOKEN", text("test")),
        ("AWS_LAMBDA_FUNCTION_NAME", text(function)),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", text("$LATEST")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", text("bench")),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", text("on-demand")),
    ]
}

/// A duration in milliseconds.
fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
