//! A private headless Chromium behind its own ChromeDriver; both end with the value.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, wd::Capabilities};
use serde_json::json;

/// How the browser presents itself.
pub(crate) struct Look {
    /// `Accept-Language`.
    pub(crate) language: &'static str,
    /// CSS pixels.
    pub(crate) size: (u32, u32),
    /// `prefers-color-scheme: dark`.
    pub(crate) dark: bool,
}

/// A desktop window in English.
pub(crate) const DESKTOP: Look = Look { language: "en", size: (1280, 800), dark: false };

/// Drives Chromium until it is dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one that resolves `localhost` and what is under it alone.
    pub(crate) async fn start(look: &Look) -> Self {
        Self::start_with(look, "").await
    }

    /// Starts one for which `places` (`MAP name:port address:port, …`) stand for other hosts. It resolves no other name
    /// but `localhost` and what is under it, so a page cannot reach out.
    ///
    /// Panics where Debian's `chromium` and `chromium-driver` are missing: `scripts/test` installs them.
    pub(crate) async fn start_with(look: &Look, places: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: scripts/test installs it (package chromium-driver)");
        let port = BufReader::new(driver.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("started successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver says which port it took");
        let profile = tempfile::tempdir().unwrap();
        let (width, height) = look.size;
        let between = if places.is_empty() { "" } else { ", " };
        let rules =
            format!("{places}{between}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost");
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--host-resolver-rules={rules}"),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--accept-lang={}", look.language),
            format!("--window-size={width},{height}"),
        ];
        if look.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts chromium");
        client.set_window_size(width, height).await.unwrap();
        Self { client, driver, _profile: profile }
    }

    /// Ends the session in good order.
    pub(crate) async fn stop(self) {
        let _ = self.client.clone().close().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
