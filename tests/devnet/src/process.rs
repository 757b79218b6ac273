//! A child process that cannot outlive us, and the log file that it writes.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::spawner;

const POLL: Duration = Duration::from_millis(5);

/// Where the processes of one world write their logs; the folder of a test goes away with it.
#[derive(Debug, Clone)]
pub struct LogDir {
    path: PathBuf,
    _temporary: Option<Arc<tempfile::TempDir>>,
}

impl LogDir {
    /// A folder that is removed when the last clone drops.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn temporary() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("countersign-devnet-").tempdir()?;
        Ok(Self { path: dir.path().to_owned(), _temporary: Some(Arc::new(dir)) })
    }

    /// A folder that stays.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn kept(path: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, _temporary: None })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What to start.
#[derive(Debug)]
pub struct ProcessOptions {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    envs: Vec<(String, OsString)>,
}

impl ProcessOptions {
    /// A process called `name` (its log is `<name>.log`) that runs `program`.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), program: program.into(), args: Vec::new(), envs: Vec::new() }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.envs.push((key.into(), value.into()));
        self
    }
}

/// A running child. Dropping it kills it; the death of this process kills it too.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    _logs: LogDir,
}

impl Process {
    /// Starts the process; its output goes to the end of its log file.
    ///
    /// # Errors
    /// When the log cannot be opened or the program does not start.
    pub fn start(options: ProcessOptions, logs: &LogDir) -> anyhow::Result<Self> {
        let log = logs.path().join(format!("{}.log", options.name));
        let out = File::options().create(true).append(true).open(&log)?;
        let mut command = tied_to_this_process(&options.program);
        command
            .args(&options.args)
            .envs(options.envs)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let child = spawner::spawn(command)
            .with_context(|| format!("cannot start {}", options.program.display()))?;
        Ok(Self { name: options.name, child, log, _logs: logs.clone() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its log file.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// What it has written so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> anyhow::Result<String> {
        let bytes = fs::read(&self.log)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The last lines of its log, for a message.
    pub fn log_tail(&self, lines: usize) -> String {
        let text = self.log().unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn exit_status(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if self.is_running() {
            self.child.kill()?;
        }
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM).
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.signal("TERM")
    }

    /// Stops it in its tracks (SIGSTOP) without ending it: a machine that hangs.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Lets a frozen process go on (SIGCONT).
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-s", signal, &self.id().to_string()]).status()?;
        if !status.success() {
            bail!("cannot send SIG{signal} to {}", self.name);
        }
        Ok(())
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it still runs after `within`.
    pub async fn wait_for_exit(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("{} still runs after {within:?}; log: {}", self.name, self.log.display());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Polls `probe` until it gives a value.
    ///
    /// # Errors
    /// When the process ends, or `within` is over: the message has the end of its log.
    pub async fn ready<T, F, P>(&mut self, within: Duration, mut probe: P) -> anyhow::Result<T>
    where
        P: FnMut() -> F,
        F: Future<Output = Option<T>>,
    {
        let deadline = Instant::now() + within;
        loop {
            if let Some(value) = probe().await {
                return Ok(value);
            }
            let ended = self.child.try_wait()?;
            if ended.is_none() && Instant::now() < deadline {
                tokio::time::sleep(POLL).await;
                continue;
            }
            let how = ended.map_or_else(
                || format!("was not ready within {within:?}"),
                |status| format!("ended before it was ready ({status})"),
            );
            bail!("{} {how}; log {}:\n{}", self.name, self.log.display(), self.log_tail(20));
        }
    }
}

/// `setpriv` (util-linux) asks the kernel to kill the program when its parent dies, then becomes it.
fn tied_to_this_process(program: &Path) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!(process = %self.name, %error, "process could not be killed");
        }
        if std::thread::panicking() {
            eprintln!("--- end of {}'s log\n{}", self.name, self.log_tail(40));
        }
    }
}

/// Runs a program to its end and gives what it printed.
pub(crate) fn output(program: &Path, args: &[&str]) -> anyhow::Result<String> {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    if !out.status.success() {
        bail!(
            "`{} {}` failed ({}): {}",
            program.display(),
            args.join(" "),
            out.status,
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    Ok(String::from_utf8(out.stdout)?)
}
