//! Attack rows 48 to 59 and 137 to 143: nothing that is not on the internet is ever connected to, proved from the side that
//! listens.

use sekisho::{
    net::{Dialer, Filter, Means, NotFetched},
    scan::End,
};

use super::{Server, Zone, answer, means, parse, redirect, scanner};

/// Every way to write a host that is this machine, with the port of a listener on it.
fn spellings(port: u16) -> Vec<String> {
    let hosts = [
        // Rows 48 to 53: what stands before the `@`, other notations of a number, other digits and dots.
        "127.0.0.1",
        "bank.example.com@127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "127.0.0.1.",
        "0.0.0.0",
        "0",
        "127.255.255.254",
        // Rows 137 and 138.
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:0:0:0:0:80ff:fffe]",
        "[::ffff:0:127.0.0.1]",
        // Row 142.
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "intranet",
        "localhost.localdomain",
        // Row 139: names that lead there.
        "loop.example.com",
        "loop6.example.com",
        "mapped.example.com",
        "any.example.com",
        "mixed.example.com",
        "mixed6.example.com",
        "loop.example.com.",
        "LOOP.EXAMPLE.COM",
        "loop。example.com",
    ];
    hosts.map(|host| format!("http://{host}:{port}/")).to_vec()
}

fn zone() -> Zone {
    let zone = Zone::default();
    zone.set("loop.example.com", &[&["127.0.0.1"]]);
    zone.set("loop6.example.com", &[&["::1"]]);
    zone.set("mapped.example.com", &[&["::ffff:127.0.0.1"]]);
    zone.set("any.example.com", &[&["0.0.0.0"]]);
    zone.set("mixed.example.com", &[&["127.0.0.1", "1.1.1.1"]]);
    zone.set("mixed6.example.com", &[&["::1", "1.1.1.1"]]);
    zone
}

/// Listeners on every loopback that the spellings reach, at one port.
fn forbidden() -> Vec<Server> {
    let first = Server::with("127.0.0.1:0", |_| {});
    let port = first.port();
    let others = [format!("[::1]:{port}"), format!("127.255.255.254:{port}")];
    let others = others.iter().map(|at| Server::with(at, |_| {}));
    std::iter::once(first).chain(others).collect()
}

#[tokio::test]
async fn rows_048_to_059_and_142_no_spelling_of_this_machine_is_connected_to() {
    let listening = forbidden();
    let port = listening[0].port();
    let dialer = Dialer::new(Means { ports: vec![port], ..means(&zone(), &[]) }).unwrap();
    for url in spellings(port) {
        let refused = dialer.get(&parse(&url)).await.unwrap_err();
        let before_all = matches!(refused, NotFetched::Forbidden(_) | NotFetched::Mixed(_) | NotFetched::NotPublic);
        assert!(before_all, "{url}: {refused:?}");
    }
    for server in &listening {
        assert_eq!(server.came_for_certain(), 0, "{}", server.address);
    }
    assert_eq!(dialer.stats().refused, spellings(port).len() as u64);
}

#[tokio::test]
async fn row_140_no_redirect_leads_into_a_network() {
    let listening = forbidden();
    let port = listening[0].port();
    let targets = spellings(port);
    let served = targets.clone();
    let public = Server::answering(move |target| match target[1..].parse::<usize>() {
        Ok(number) => redirect(&served[number]),
        Err(_) => answer("200 OK", "", b"hello"),
    });
    let zone = zone();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    let scanner = scanner(Means { ports: vec![port], ..means(&zone, &[&public]) });
    for (number, target) in targets.iter().enumerate() {
        let journey = scanner.visit(&parse(&format!("http://www.example.com:{}/{number}", public.port()))).await;
        let stopped = matches!(&journey.end, End::Lured(_) | End::Left(_));
        assert!(stopped, "{target}: {journey:?}");
        assert_eq!(journey.led_to().count(), 1, "{target}");
    }
    assert_eq!(public.came(), targets.len());
    for server in &listening {
        assert_eq!(server.came_for_certain(), 0, "{}", server.address);
    }
}

#[tokio::test]
async fn row_139_a_name_that_changes_its_mind_is_dialled_where_it_was_looked_at() {
    let public = Server::answering(|_| redirect("/again"));
    let inside = Server::with(&format!("127.0.0.2:{}", public.port()), |_| {});
    let zone = Zone::default();
    // The first time the internet, from then on a network: between the look and the dial nobody asks again, and whoever
    // follows the redirect looks anew.
    zone.set("rebind.example.com", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let scanner = scanner(means(&zone, &[&public]));
    let journey = scanner.visit(&parse(&format!("http://rebind.example.com:{}/", public.port()))).await;
    let End::Lured(objection) = &journey.end else { panic!("{journey:?}") };
    assert!(objection.evidence.contains("127.0.0.2 is not on the internet"), "{}", objection.evidence);
    assert_eq!((public.came(), inside.came_for_certain()), (1, 0));
}

#[tokio::test]
async fn row_139_one_forbidden_answer_refuses_the_name() {
    let public = Server::answering(|_| answer("200 OK", "", b"hello"));
    let zone = Zone::default();
    for (name, addresses) in [
        ("two.example.com", &["127.0.0.1", "10.0.0.1"] as &[&str]),
        ("six.example.com", &["127.0.0.1", "fd00::1"]),
        ("meta.example.com", &["169.254.169.254", "127.0.0.1"]),
    ] {
        zone.set(name, &[addresses]);
        let dialer = Dialer::new(means(&zone, &[&public])).unwrap();
        let refused = dialer.get(&parse(&format!("http://{name}:{}/", public.port()))).await;
        assert!(matches!(refused, Err(NotFetched::Mixed(_))), "{name}: {refused:?}");
    }
    assert_eq!(public.came_for_certain(), 0);
}

#[tokio::test]
async fn row_140_other_ports_and_schemes_are_not_visited() {
    let public = Server::answering(|target| match target {
        "/file" => redirect("file:///etc/passwd"),
        "/gopher" => redirect("gopher://127.0.0.1:70/"),
        _ => redirect("http://www.example.com:25/"),
    });
    let zone = Zone::default();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    let scanner = scanner(means(&zone, &[&public]));
    for (path, wanted) in [("file", "no page"), ("gopher", "no page"), ("mail", "port 25")] {
        let journey = scanner.visit(&parse(&format!("http://www.example.com:{}/{path}", public.port()))).await;
        let End::Left(why) = &journey.end else { panic!("{journey:?}") };
        assert!(why.contains(wanted), "{path}: {why}");
    }
}

#[tokio::test]
async fn row_141_our_own_links_and_sockets_are_not_visited() {
    let own = Server::with("127.0.0.1:0", |_| {});
    let zone = Zone::default();
    zone.set("us.example.com", &[&["127.0.0.1"]]);
    let means = means(&zone, &[&own]);
    let rehearsal = sekisho::net::Rehearsal::on(&[own.address]).unwrap();
    // As if it were public, and we listened there.
    let filter = Filter::new(vec![own.address], Vec::new()).rehearsing(rehearsal);
    let dialer = Dialer::new(Means { filter, ..means }).unwrap();
    let at = |host: &str| parse(&format!("http://{host}:{}/", own.port()));
    assert!(matches!(dialer.get(&at("us.example.com")).await, Err(NotFetched::Forbidden(_))));
    assert_eq!(dialer.get(&at("go.corp.example.net")).await, Err(NotFetched::Own));
    assert_eq!(own.came_for_certain(), 0);
}

#[tokio::test]
async fn row_143_nothing_goes_out_but_who_asks_for_what() {
    let public = Server::answering(|_| answer("200 OK", "Set-Cookie: a=b\r\n", b"hello"));
    let zone = Zone::default();
    zone.set("www.example.com", &[&["127.0.0.1"]]);
    let dialer = Dialer::new(means(&zone, &[&public])).unwrap();
    let port = public.port();
    for _ in 0..2 {
        dialer.get(&parse(&format!("http://user:pw@www.example.com:{port}/a%20b?c={{d}}#e"))).await.unwrap();
    }
    let wanted = format!(
        "GET /a%20b?c={{d}} HTTP/1.1\r\nhost: www.example.com:{port}\r\nuser-agent: Sekisho/test \
         (+https://go.corp.example.net)\r\naccept: text/html,application/xhtml+xml,*/*;q=0.8\r\naccept-encoding: gzip, \
         deflate\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(public.heads(), [wanted.clone(), wanted]);
    assert_eq!(public.came(), 2, "no connection is used twice");
}

/// Nothing but code that says so plays with this machine.
#[test]
fn no_configuration_makes_a_rehearsal() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let makers: Vec<String> = crate::support::files(&root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("Rehearsal::on("))
        .map(|path| path.strip_prefix(&root).unwrap().display().to_string())
        .collect();
    let allowed = ["demo/mod.rs", "net/address.rs"];
    assert!(makers.iter().all(|maker| allowed.contains(&maker.as_str())), "{makers:?}");
}
