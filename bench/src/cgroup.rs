//! A group of the kernel's scheduler: it counts the processor time, and gives a process the share of a core that Lambda
//! gives to a function's memory size.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// At so many MB a function has one core, as AWS documents it; below, a share in proportion.
const MEMORY_OF_A_CORE: u64 = 1769;
/// The scheduler's period in microseconds: 20 ms, as seen on Lambda. A longer one would hand out the same share in
/// larger pieces, and let short work pass unthrottled.
pub const PERIOD_US: u64 = 20_000;
/// Start of the groups' names.
const NAME: &str = "coffer-bench-";

/// Where groups are made.
#[derive(Debug, Clone)]
enum Hierarchy {
    /// Version 1: one tree shares out, another, or the same, counts.
    One { cpu: PathBuf, cpuacct: PathBuf },
    /// Version 2: one tree for all.
    Two { root: PathBuf },
}

/// A group of processes; removed with this value, once they have ended.
#[derive(Debug)]
pub struct Group {
    hierarchy: Hierarchy,
    folders: Vec<PathBuf>,
}

impl Group {
    /// Makes a group without a limit.
    pub fn make() -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let hierarchy = find(&mounts).ok_or_else(|| {
            "no CPU groups: the kernel's cgroup file system, version 1 or 2, is not mounted. The benchmark runs on Linux"
                .to_owned()
        })?;
        let name = format!("{NAME}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let roots = match &hierarchy {
            Hierarchy::One { cpu, cpuacct } if cpu == cpuacct => vec![cpu],
            Hierarchy::One { cpu, cpuacct } => vec![cpu, cpuacct],
            Hierarchy::Two { root } => {
                write(&root.join("cgroup.subtree_control"), "+cpu")?;
                vec![root]
            }
        };
        let folders: Vec<_> = roots.into_iter().map(|root| root.join(&name)).collect();
        for folder in &folders {
            remove_left_over(folder);
            fs::create_dir(folder).map_err(|error| refused(folder, &error))?;
        }
        Ok(Self { hierarchy, folders })
    }

    /// Moves a process into the group.
    pub fn take(&self, process: u32) -> Result<(), String> {
        self.folders.iter().try_for_each(|folder| write(&folder.join("cgroup.procs"), &process.to_string()))
    }

    /// Gives it the share of a core that a function of this memory size has.
    pub fn limit(&self, memory_mb: u64) -> Result<(), String> {
        let quota = PERIOD_US * memory_mb / MEMORY_OF_A_CORE;
        let folder = &self.folders[0];
        match self.hierarchy {
            Hierarchy::One { .. } => {
                write(&folder.join("cpu.cfs_period_us"), &PERIOD_US.to_string())?;
                write(&folder.join("cpu.cfs_quota_us"), &quota.to_string())
            }
            Hierarchy::Two { .. } => write(&folder.join("cpu.max"), &format!("{quota} {PERIOD_US}")),
        }
    }

    /// Lets all other processes go first: in competition for a core, the group gets a tenth of one process's share.
    pub fn stand_back(&self) -> Result<(), String> {
        let folder = &self.folders[0];
        match self.hierarchy {
            Hierarchy::One { .. } => write(&folder.join("cpu.shares"), "102"),
            Hierarchy::Two { .. } => write(&folder.join("cpu.weight"), "10"),
        }
    }

    /// The processor time that was used in the group, in milliseconds.
    pub fn cpu_ms(&self) -> Result<f64, String> {
        let folder = &self.folders[self.folders.len() - 1];
        let (file, per_ms) = match self.hierarchy {
            Hierarchy::One { .. } => (folder.join("cpuacct.usage"), 1e6),
            Hierarchy::Two { .. } => (folder.join("cpu.stat"), 1e3),
        };
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let number = text.lines().find_map(|line| line.trim_start_matches("usage_usec").trim().parse::<f64>().ok());
        number.map(|number| number / per_ms).ok_or_else(|| format!("{} says no time: {text}", file.display()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where groups are, by the list of mounted file systems. Version 1 first: where both are there, it has the controller.
fn find(mounts: &str) -> Option<Hierarchy> {
    let mounted: Vec<Vec<&str>> = mounts.lines().map(|line| line.split(' ').collect()).collect();
    let of_controller = |controller: &str| {
        let fits = |fields: &&Vec<&str>| fields[2] == "cgroup" && fields[3].split(',').any(|word| word == controller);
        mounted.iter().filter(|fields| fields.len() > 3).find(fits).map(|fields| PathBuf::from(fields[1]))
    };
    if let (Some(cpu), Some(cpuacct)) = (of_controller("cpu"), of_controller("cpuacct")) {
        return Some(Hierarchy::One { cpu, cpuacct });
    }
    let two = mounted.iter().find(|fields| fields.len() > 2 && fields[2] == "cgroup2")?;
    Some(Hierarchy::Two { root: PathBuf::from(two[1]) })
}

/// Groups of an interrupted run stay behind: those without a running benchmark are removed.
fn remove_left_over(beside: &Path) {
    let entries = beside.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(NAME).and_then(|rest| rest.split_once('-')).map(|(process, _)| process);
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| refused(file, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> String {
    format!(
        "{}: {error}. The processor's share can't be set; run as root, or where the system lets you make CPU groups \
         (a container needs --privileged --cgroupns=host)",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_is_found_with_its_controllers_apart_and_together() {
        let apart = "cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0\n\
                     cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0\n\
                     cgroup /sys/fs/cgroup/cpuacct cgroup rw,relatime,cpuacct 0 0\n\
                     cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let found = format!("{:?}", find(apart));
        assert!(found.contains("\"/sys/fs/cgroup/cpu\"") && found.contains("\"/sys/fs/cgroup/cpuacct\""), "{found}");
        let together = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n";
        assert!(matches!(find(together), Some(Hierarchy::One { cpu, cpuacct }) if cpu == cpuacct));
    }

    #[test]
    fn version_2_is_found() {
        let mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
        assert!(matches!(find(mounts), Some(Hierarchy::Two { root }) if root == Path::new("/sys/fs/cgroup")));
    }

    #[test]
    fn without_groups_nothing_is_found() {
        assert!(find("proc /proc proc rw 0 0\n").is_none());
    }
}
