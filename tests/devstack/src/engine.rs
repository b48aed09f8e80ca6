//! A container engine with Lambda's base image, for `sam local`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::artefacts::Processor;
use crate::process::Process;
use crate::proxy::Proxy;
use crate::stack::Stack;
use crate::{command, fetch};

/// The base image of `provided.al2023`, without its tag.
const IMAGE: &str = "public.ecr.aws/lambda/provided";

/// A running engine: one of its own, or the machine's.
#[derive(Debug)]
pub struct Engine {
    docker: PathBuf,
    host: Option<String>,
    bridge: Ipv4Addr,
    // Of an engine of its own.
    process: Option<Process>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // An engine that is killed leaves its containers running, with addresses that the next one gives to others. One
        // that is just being removed by somebody else is an error, and gone all the same.
        let containers = self.command().args(["ps", "--all", "--quiet"]).output();
        let containers =
            containers.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for container in containers.lines() {
            let _ = self.command().args(["rm", "--force", container]).output();
        }
        process.ask_to_end("TERM");
    }
}

impl Engine {
    /// Finds the machine's engine or starts one, and sees to the base image. The engine's output is in `folder`.
    pub fn start(folder: &Path) -> Self {
        let mut engine = if command::runs("docker", &["info"]) {
            Self { docker: "docker".into(), host: None, bridge: Ipv4Addr::LOCALHOST, process: None }
        } else {
            Self::own(folder)
        };
        if !engine.has_image() {
            engine.get_image();
        }
        engine.bridge = engine.find_bridge();
        engine
    }

    /// An engine with its images in the cache and its socket in `folder`.
    fn own(folder: &Path) -> Self {
        let host = format!("unix://{}", folder.join("docker.sock").display());
        let mut command = Command::new("/usr/sbin/dockerd");
        command
            .args(["--host", &host, "--data-root"])
            .arg(fetch::cache().join("docker"))
            .arg("--exec-root")
            .arg(folder.join("docker-run"))
            .arg("--pidfile")
            .arg(folder.join("docker.pid"));
        let mut process = Process::start("dockerd", command, folder);
        // The first client on the path may be one that speaks to another engine.
        let mut engine =
            Self { docker: "/usr/bin/docker".into(), host: Some(host), bridge: Ipv4Addr::LOCALHOST, process: None };
        process
            .wait_for(|_| engine.command().arg("info").output().is_ok_and(|info| info.status.success()).then_some(()));
        engine.process = Some(process);
        engine
    }

    /// The address under which containers reach this machine.
    pub fn bridge(&self) -> Ipv4Addr {
        self.bridge
    }

    /// The variables that let a program find the engine.
    pub fn variables(&self) -> Option<(&'static str, &str)> {
        Some(("DOCKER_HOST", self.host.as_deref()?))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.docker);
        command.envs(self.variables()).stdin(Stdio::null());
        command
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The gateway of the default network; some engines name its subnet only, and take the first address of it.
    fn find_bridge(&self) -> Ipv4Addr {
        let format = "{{with index .IPAM.Config 0}}{{.Gateway}} {{.Subnet}}{{end}}";
        let network = self.ask(&["network", "inspect", "bridge", "--format", format]);
        let (gateway, subnet) = network.rsplit_once(' ').unwrap_or(("", &network));
        let first =
            |subnet: &str| Some(Ipv4Addr::from(u32::from(subnet.split('/').next()?.parse::<Ipv4Addr>().ok()?) + 1));
        gateway.parse().ok().or_else(|| first(subnet)).unwrap_or_else(|| panic!("no bridge in {network}"))
    }

    fn has_image(&self) -> bool {
        let inspect = self.command().args(["image", "inspect", &image()]).output();
        inspect.is_ok_and(|output| output.status.success())
    }

    /// Pulls the base image; where its registry can't be reached, Debian with the folders of a sandbox takes its place:
    /// the functions need no more of it than root certificates.
    fn get_image(&self) {
        eprintln!("fetching {} …", image());
        if self.command().args(["pull", "--quiet", &image()]).output().is_ok_and(|output| output.status.success()) {
            return;
        }
        let folder = fetch::once("debian-bookworm", "a base image made of Debian", |folder| {
            let mut debootstrap = Command::new("debootstrap");
            debootstrap.args(["--variant=minbase", "--include=ca-certificates", "bookworm"]).arg(folder);
            fetch::run(&mut debootstrap, "debootstrap").unwrap();
            for place in ["var/runtime", "var/task", "opt"] {
                std::fs::create_dir_all(folder.join(place)).unwrap();
            }
        });
        let mut tar = Command::new("tar");
        let mut tar = tar.arg("-C").arg(folder).args(["-c", "."]).stdout(Stdio::piped()).spawn().unwrap();
        let mut import = self.command();
        import.args(["import", "-", &image()]).stdin(tar.stdout.take().unwrap());
        fetch::run_with_input(&mut import).unwrap();
        assert!(tar.wait().unwrap().success(), "the base image can't be read");
    }
}

/// The base image's name with the tag of this machine's processor.
fn image() -> String {
    format!("{IMAGE}:al2023-{}", Processor::here())
}

/// Tells whether the base image, or its stand-in, needs no further tool.
pub(crate) fn base_image_is_there() -> bool {
    fetch::cache().join("debian-bookworm").exists()
        || command::runs("docker", &["image", "inspect", &image()])
        || command::runs("docker", &["pull", "--quiet", &image()])
}

/// The services as containers reach them: by proxies that listen at the containers' bridge.
#[derive(Debug)]
pub struct Bridge {
    dynamodb: Proxy,
    secrets_manager: Proxy,
    opensearch: Proxy,
}

impl Bridge {
    /// The name under which a container knows the machine that it runs on, if it was started with
    /// [`Bridge::ADD_HOST`].
    const HOST: &str = "host.docker.internal";

    /// Options of `sam local` by which containers know the machine by its name.
    pub const ADD_HOST: [&str; 2] = ["--add-host", "host.docker.internal:host-gateway"];

    /// Proxies before all services.
    pub fn new(stack: &Stack, engine: &Engine) -> Self {
        let before = |service: &str| Proxy::on(stack.runtime().handle(), engine.bridge(), service);
        Self {
            dynamodb: before(&stack.dynamodb),
            secrets_manager: before(&stack.secrets_manager),
            opensearch: before(&stack.opensearch),
        }
    }

    /// A function's settings, as the text that `sam local --env-vars` reads.
    pub fn settings(&self, stack: &Stack) -> String {
        let mut settings: serde_json::Map<_, _> =
            stack.settings().into_iter().map(|(name, value)| (name, json!(value))).collect();
        for (name, proxy) in [
            ("COFFER_DYNAMODB_URL", &self.dynamodb),
            ("COFFER_SECRETS_MANAGER_URL", &self.secrets_manager),
            ("COFFER_OPENSEARCH_URL", &self.opensearch),
        ] {
            settings.insert(name.to_owned(), json!(format!("http://{}:{}", Self::HOST, proxy.port())));
        }
        format!("{:#}\n", json!({ "Parameters": settings }))
    }
}
