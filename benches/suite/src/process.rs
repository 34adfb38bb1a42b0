//! Processes under test: pinned to one processor, waited for, ended.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::cpu;

/// A server on the processor of servers. Dropped, it is ended.
pub struct Server {
    pub name: &'static str,
    pub address: SocketAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
    child: Child,
}

impl Server {
    /// Starts `command` under `taskset` and waits until it listens.
    pub fn start(name: &'static str, mut command: Command, address: SocketAddr) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let mut server = Self { name, address, scheme: "http", child };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{name} ended at the start: {status}");
            }
            if Instant::now() > until {
                bail!("{name} does not listen on {address}");
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn ran(&self) -> Result<Duration> {
        cpu::of_process(self.pid())
    }

    pub fn resident(&self) -> Result<u64> {
        cpu::resident(self.pid())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `program` on the processor of servers.
pub fn on_server_cpu(program: &str) -> Command {
    pinned("0", program)
}

/// `program` on the processor of generators.
pub fn on_generator_cpu(program: &str) -> Command {
    pinned("1", program)
}

fn pinned(cpu: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cpu, program]);
    command
}

/// An address of this machine that nobody listens on.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
