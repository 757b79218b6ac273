//! `countersign-devnet up`: a world that stays.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use countersign_devnet::{Manifest, Workspace, World, WorldOptions};
use tokio::signal::unix::{SignalKind, signal};

/// Start the world and leave it up.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where it keeps its files; `devnet.json` appears there. Default: `.devnet` in the checkout.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Up {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let dir = match self.dir {
            Some(dir) => dir,
            None => Workspace::locate()?.root().join(".devnet"),
        };
        fs::create_dir_all(&dir)?;
        let _lock = lock(&dir)?;
        let manifest = dir.join("devnet.json");
        let world_dir = dir.join("world");
        forget(&manifest, &world_dir)?;
        let mut stop = Stop::listen()?;
        eprintln!("devnet: starting; logs in {}", world_dir.display());
        let options = WorldOptions {
            dir: Some(world_dir.clone()),
            announce: crate::demo::announce,
            ..WorldOptions::default()
        };
        let mut world = tokio::select! {
            world = World::start(options) => world?,
            () = stop.asked() => return forget(&manifest, &world_dir),
        };
        world.manifest().write(&manifest)?;
        print(&world.manifest(), &manifest);
        let ended = tokio::select! {
            ended = world.watch() => ended,
            () = stop.asked() => Ok(()),
        };
        eprintln!("devnet: stopping");
        fs::remove_file(&manifest)?;
        drop(world);
        ended
    }
}

/// Ctrl-C, or a polite request to end.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

/// One world a folder: the lock goes with the process, however it ends.
fn lock(dir: &Path) -> anyhow::Result<File> {
    let file = File::create(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a world is up already in {}; stop it, or choose another --dir", dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("the folder cannot be locked"),
    }
}

/// Removes what an earlier world left behind.
fn forget(manifest: &Path, world_dir: &Path) -> anyhow::Result<()> {
    if manifest.exists() {
        fs::remove_file(manifest)?;
    }
    if world_dir.exists() {
        fs::remove_dir_all(world_dir)?;
    }
    Ok(())
}

fn print(manifest: &Manifest, file: &Path) {
    println!("chain     {} (id {})", manifest.rpc_url, manifest.chain_id);
    println!("bundler   {}", manifest.bundler_url);
    println!("gateway   {}", manifest.gateway_url);
    for cosigner in &manifest.cosigners {
        println!("cosigner  {} ({})", cosigner.address, cosigner.config);
    }
    println!("API key   {}", manifest.api_key);
    println!("all of it is in {}; Ctrl-C stops it", file.display());
}
