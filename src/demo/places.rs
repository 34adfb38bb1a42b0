/// Where the letters' links lead: names and an address of this machine, all answered by the demonstration itself.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// `localhost:PORT`; names under it are destinations too.
    pub(super) site: String,
    /// `http://127.0.0.1:PORT`.
    pub(super) address: String,
}

impl Places {
    /// All on one port of this machine.
    pub(super) fn of(port: u16) -> Self {
        Self { site: format!("localhost:{port}"), address: format!("http://127.0.0.1:{port}") }
    }

    /// Where the inbox is.
    pub(super) fn inbox(&self) -> String {
        format!("http://{}", self.site)
    }

    /// A letter's text with the places put in and its lines ended by CRLF.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{site}", &self.site).replace("{address}", &self.address).replace('\n', "\r\n")
    }
}
