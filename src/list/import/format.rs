use std::{fmt, str::FromStr};

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Our own grammar.
    List,
    /// `0.0.0.0 example.com`, as in `/etc/hosts`.
    Hosts,
    /// A name or an address a line.
    Domains,
    /// `*.example.com` a line, where that stands for the name as well.
    Wildcard,
    /// `||example.com^`, for ad blockers.
    AdBlock,
    /// `address=/example.com/#`, for dnsmasq.
    Dnsmasq,
    /// `local-zone: "example.com." always_null`, for unbound.
    Unbound,
    /// A response policy zone, as text.
    Rpz,
    /// A URL a line.
    Urls,
    /// OpenPhish: a URL a line.
    OpenPhish,
    /// Phishing.Database: a name, an address or a URL a line.
    PhishingDatabase,
    /// URLhaus, in CSV.
    UrlhausCsv,
    /// PhishTank, in CSV.
    PhishTankCsv,
    /// JPCERT/CC, in CSV.
    JpcertCsv,
    /// An array in JSON, of texts or of objects.
    Json,
    /// PhishTank, in JSON.
    PhishTankJson,
    /// A MISP warning list.
    Misp,
    /// Block entries of Microsoft's Tenant Allow/Block List.
    MsTenantBlock,
    /// Allow entries of Microsoft's Tenant Allow/Block List.
    MsTenantAllow,
    /// Microsoft's "Do not rewrite" list.
    MsDoNotRewrite,
}

impl Format {
    /// Every format, by its name.
    pub const NAMES: [(&'static str, Self); 20] = [
        ("list", Self::List),
        ("hosts", Self::Hosts),
        ("domains", Self::Domains),
        ("wildcard", Self::Wildcard),
        ("adblock", Self::AdBlock),
        ("dnsmasq", Self::Dnsmasq),
        ("unbound", Self::Unbound),
        ("rpz", Self::Rpz),
        ("urls", Self::Urls),
        ("openphish", Self::OpenPhish),
        ("phishing-database", Self::PhishingDatabase),
        ("urlhaus-csv", Self::UrlhausCsv),
        ("phishtank-csv", Self::PhishTankCsv),
        ("jpcert-csv", Self::JpcertCsv),
        ("json", Self::Json),
        ("phishtank-json", Self::PhishTankJson),
        ("misp", Self::Misp),
        ("ms-tenant-block", Self::MsTenantBlock),
        ("ms-tenant-allow", Self::MsTenantAllow),
        ("ms-do-not-rewrite", Self::MsDoNotRewrite),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Whether a line is a row of it.
    pub const fn is_of_lines(self) -> bool {
        !matches!(
            self,
            Self::UrlhausCsv | Self::PhishTankCsv | Self::JpcertCsv | Self::Json | Self::PhishTankJson | Self::Misp
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    /// Errors: the names there are.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, format)| *format);
        found.ok_or_else(|| Self::NAMES.map(|(name, _)| name).join(", "))
    }
}
