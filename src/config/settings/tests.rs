use super::*;
use crate::{judge::Action, policy::Preset};

const ONE: &str = "[[tenant]]\nid = 7\nname = \"Example\"\nbase_url = \"https://go.corp.example\"\n";

fn read(text: &str) -> Result<Config, String> {
    read_with(text, &Overrides::default())
}

fn read_with(text: &str, overrides: &Overrides) -> Result<Config, String> {
    Config::read(Path::new("/etc/sekisho/sekisho.toml"), text, overrides).map_err(|problems| problems.to_string())
}

#[test]
fn what_is_not_written_has_its_default() {
    let config = read(ONE).unwrap();
    assert_eq!(config.data_dir, Path::new("/var/lib/sekisho"));
    assert_eq!(config.keyring, Named::ByDefault("/var/lib/sekisho/keyring.toml".into()));
    assert_eq!(config.blocklists, Named::ByDefault("/var/lib/sekisho/blocklists".into()));
    assert_eq!(config.store, Path::new("/var/lib/sekisho/sekisho.db"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(config.drain, Duration::from_secs(10));
    assert_eq!(config.limits.message_bytes, 64 << 20);
    assert_eq!((config.tenants[0].id, &config.tenants[0].policy), (TenantId(7), &Policy::standard()));
    assert!(!config.node.is_empty());
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let config = read(&format!("data_dir = \"data\"\nkeyring = \"/run/keys/ring\"\n{ONE}")).unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/sekisho/data"));
    assert_eq!(config.keyring, Named::ByTheAdmin("/run/keys/ring".into()));
}

#[test]
fn the_command_line_comes_first_and_links_of_the_file_go_on_opening() {
    let overrides = Overrides {
        data_dir: Some("/tmp/d".into()),
        base_url: Some("http://localhost:9000".into()),
        listen: Some("127.0.0.1:9000".parse().unwrap()),
        ..Overrides::default()
    };
    let config = read_with(&format!("listen = \"127.0.0.1:1\"\n{ONE}"), &overrides).unwrap();
    assert_eq!(config.store, Path::new("/tmp/d/sekisho.db"));
    assert_eq!(config.listen.port(), 9000);
    let hosts: Vec<&str> = config.tenants[0].bases().map(LinkBase::host_and_port).collect();
    assert_eq!(hosts, ["localhost:9000", "go.corp.example"]);
}

#[test]
fn tenants_share_neither_id_nor_links() {
    let told = read(&format!("{ONE}\n{ONE}")).unwrap_err();
    assert!(told.contains("sekisho.toml:7:6: tenant.id: 7 is taken by \"Example\""), "{told}");
    assert!(told.contains("sekisho.toml:9:12: tenant.base_url: the links of \"Example\" live there"), "{told}");
}

#[test]
fn what_is_missing_is_told_with_an_example() {
    assert!(read("").unwrap_err().contains("no tenant is configured"));
    let told = read("\n[[tenant]]\nid = 1\n").unwrap_err();
    assert!(told.contains("sekisho.toml:2:1: tenant.name is missing: name = "), "{told}");
    assert!(told.contains("sekisho.toml:2:1: tenant.base_url is missing: base_url = "), "{told}");
}

#[test]
fn values_are_checked_beyond_their_kind() {
    let told = read(&format!("listen = \"localhost\"\n{ONE}contact = \"helpdesk\"\n")).unwrap_err();
    assert!(told.contains("sekisho.toml:1:10: listen: \"localhost\" is not an IP address and a port"), "{told}");
    assert!(told.contains("sekisho.toml:6:11: tenant.contact: write mailto: before"), "{told}");
    assert!(read(&format!("{ONE}contact = \"mailto:a@b.example?cc=x\"\n")).is_err());
    assert!(read(&format!("{ONE}security_contact = \"mailto:a@b.example\\nX: y\"\n")).is_err());
    assert!(read(&format!("{ONE}security_contact = \"abuse@b.example\"\n")).is_err());
    let told = read(&format!("admin_listen = \"0.0.0.0:8481\"\n{ONE}")).unwrap_err();
    assert!(told.contains("sekisho.toml:1:16: admin_listen: 0.0.0.0:8481 would be reachable from outside"), "{told}");
    let told = read(&format!("trusted_proxies = [\"127.0.0.1\", \"localhost\"]\n{ONE}")).unwrap_err();
    assert!(told.contains("sekisho.toml:1:19: trusted_proxies: \"localhost\": "), "{told}");
    assert!(read(&ONE.replace("https://go", "ftp://go")).unwrap_err().contains("sekisho.toml:4:12: tenant.base_url"));
}

fn environment(variables: &[(&str, &str)]) -> Overrides {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Overrides { environment: Environment::of(variables), ..Overrides::default() }
}

#[test]
fn variables_come_before_the_file_and_behind_the_command_line() {
    let file = format!("listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:2\"\nkeyring = \"ring\"\n{ONE}");
    let variables = [
        ("SEKISHO_ADMIN_LISTEN", "[::1]:4"),
        ("SEKISHO_LISTEN", "127.0.0.1:3"),
        ("SEKISHO_LIMITS__CONNECTIONS", "5"),
        ("SEKISHO_STORE", "db"),
        ("SEKISHO_TENANT__7__HELP", "= 1234 ="),
        ("SEKISHO_TENANT__8__BASE_URL", "https://b.example"),
        ("SEKISHO_TENANT__8__NAME", "8"),
        ("SEKISHO_TENANT__8__RETIRED_BASE_URLS", "https://c.example, https://d.example"),
        ("SEKISHO_TRUSTED_PROXIES", "[\"::1\"]"),
    ];
    let listen = Some("127.0.0.1:9".parse().unwrap());
    let config = read_with(&file, &Overrides { listen, ..environment(&variables) }).unwrap();
    assert_eq!((config.listen.port(), config.admin_listen.port(), config.limits.connections), (9, 4, 5));
    assert_eq!(config.keyring.path(), Path::new("/etc/sekisho/ring"));
    assert_eq!(config.store, Path::new("db"), "a variable knows no folder of a file");
    assert!(config.trusted_proxies.contains("::1".parse().unwrap()));
    let [one, two] = config.tenants.as_slice() else { panic!("{:?}", config.tenants) };
    assert_eq!((one.help.as_deref(), two.id, two.name.as_str()), (Some("= 1234 ="), TenantId(8), "8"));
    assert_eq!(two.retired.len(), 2);
}

#[test]
fn what_is_wrong_with_a_variable_is_told_by_its_name() {
    let variables = [
        ("SEKISHO_ADMIN_LISTEN", "0.0.0.0:1"),
        ("SEKISHO_LISTEN", "localhost"),
        ("SEKISHO_LIMITS__CONNECTIONS", "many"),
        ("SEKISHO_LISTNE", "x"),
        ("SEKISHO_TENANT__9__NAME", "Nine"),
    ];
    let told = read_with(ONE, &environment(&variables)).unwrap_err();
    for line in [
        "SEKISHO_ADMIN_LISTEN: admin_listen: 0.0.0.0:1 would be reachable",
        "SEKISHO_LISTEN: listen: \"localhost\" is not an IP address",
        "SEKISHO_LIMITS__CONNECTIONS: limits.connections must be a whole number",
        "SEKISHO_LISTNE: no key has this variable; did you mean SEKISHO_LISTEN?",
        "SEKISHO_TENANT__9__NAME: tenant.base_url is missing",
    ] {
        assert!(told.lines().any(|told| told.starts_with(line)), "{line}: {told}");
    }
    assert_eq!(told.lines().count(), 5, "{told}");
}

#[test]
fn what_counts_is_told_with_where_it_was_written_and_read_again_counts_the_same() {
    let overrides = Overrides { data_dir: Some("/d".into()), ..environment(&[("SEKISHO_NODE", "n1")]) };
    let path = Path::new("/etc/sekisho/sekisho.toml");
    let (_, settings) = Config::read_with_settings(path, ONE, &overrides).unwrap();
    let shown = settings.to_toml();
    for line in [
        "data_dir = \"/d\"  # --data-dir",
        "node = \"n1\"  # SEKISHO_NODE",
        "listen = \"127.0.0.1:8480\"  # default",
        "store = \"/d/sekisho.db\"  # default",
        "# templates is not set",
        "id = 7  # /etc/sekisho/sekisho.toml:2",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    for setting in &settings.0 {
        let worked_out = matches!(setting.key.preset, crate::config::Preset::Derived(_));
        assert!(!worked_out || setting.value.is_some(), "{}: nobody settled it", setting.key.path());
    }
    let (_, again) = Config::read_with_settings(path, &shown, &Overrides::default()).unwrap();
    assert_eq!(again, settings);
}

#[test]
fn a_policy_of_ones_own_changes_a_preset() {
    let own = "policy = \"finance\"\n\n[[policy]]\nname = \"finance\"\nbased_on = \"strict\"\nunknown = \"warn\"\n\
               suspicious = \"warn_with_reason\"\noverrides = \"allowed\"\nlog = \"stops\"\n";
    let policy = read(&format!("{ONE}{own}")).unwrap().tenants.remove(0).policy;
    let tiers = [Tier::Clean, Tier::Unknown, Tier::Suspicious, Tier::Malicious].map(|tier| policy.actions.of(tier));
    assert_eq!(tiers, [Action::Redirect, Action::Warn, Action::WarnWithReason, Action::Block]);
    assert_eq!((policy.overrides, policy.scan, policy.log), (Override::Allowed, Scan::All, Log::Stops));
    assert_eq!((policy.name.as_str(), policy.based_on), ("finance", Preset::Strict));
    let again = read(&format!("{ONE}{}", own.replace("\"warn\"", "\"block\"").replace("warn_with_reason", "block")));
    assert_ne!(again.unwrap().tenants[0].policy.version, policy.version);
}

#[test]
fn a_policy_that_is_wrong_is_told_where_it_stands() {
    let own = |policy: &str| read(&format!("{ONE}policy = \"finance\"\n[[policy]]\n{policy}\n")).unwrap_err();
    let milder = own("name = \"finance\"\nunknown = \"block\"");
    assert!(
        milder
            .contains("sekisho.toml:6:1: policy.suspicious: the policy does `warn` to what is suspicious but `block`"),
        "{milder}"
    );
    for (policy, told) in [
        ("log = \"every\"", "sekisho.toml:6:1: policy.name: a policy needs one"),
        ("name = \"strict\"", "sekisho.toml:7:8: policy.name: that is the name of a preset"),
        ("name = \"a b\"", "sekisho.toml:7:8: policy.name: write letters, digits"),
        ("name = \"finanz\"", "sekisho.toml:5:10: tenant.policy: no policy is called \"finance\""),
        ("name = \"finanz\"", "; did you mean \"finanz\"?"),
        ("name = \"finance\"\nclean = \"nothing\"", "sekisho.toml:8:9: policy.clean must be one of \"redirect\", "),
        ("name = \"finance\"\n[[policy]]\nname = \"finance\"", "sekisho.toml:9:8: policy.name: there is a policy"),
    ] {
        let problems = own(policy);
        assert!(problems.contains(told), "{policy}: {problems}");
    }
}

#[test]
fn a_source_that_is_not_there_is_no_optional_one() {
    let lists = "[[dns_list]]\nname = \"surbl\"\npreset = \"surbl\"\nresolver = \"127.0.0.1:53\"\n";
    let policy = |names: &str| format!("{ONE}[[policy]]\nname = \"finance\"\noptional_sources = [{names}]\n{lists}");
    let config = read(&policy("\"surbl\", \"safe_browsing\", \"visit\"")).unwrap();
    assert_eq!(config.dns_lists.len(), 1);
    let told = read(&policy("\"surbl\", \"surbel\"")).unwrap_err();
    assert!(told.contains("\"surbel\": no source has this name; did you mean \"surbl\"?"), "{told}");
    assert!(told.contains("There are surbl, safe_browsing, visit"), "{told}");
    let told = read(&policy("\"something\"")).unwrap_err();
    assert!(told.contains("policy.optional_sources: \"something\": no source has this name. There are"), "{told}");
}
