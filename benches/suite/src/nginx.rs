//! nginx as the peer: one worker that answers with a redirect, and the same behind its own ways to prove a link.

use std::{fs, path::Path, process::Stdio};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::{
    process::{Server, free_address, on_server_cpu},
    site::clean,
    tls::Certificate,
};

const SECRET: &str = "a secret of the bench";

/// A redirect to one place, whoever asks: what a redirect costs at least.
pub const BARE: &str =
    "return 302 \"https://www.shop.example.com/autumn/item-000000?utm_source=mail;utm_medium=letter\";";

/// The link is proven with `secure_link` (MD5 over destination and secret) and goes where it says.
pub const SECURE_LINK: &str = "secure_link $arg_md5; secure_link_md5 \"$arg_u a secret of the bench\";\n\
    if ($secure_link = \"\") { return 403; }\nreturn 302 $arg_u;";

/// The link is proven as ours is, and its host is looked up in a table that workers share.
pub const LUA: &str = "content_by_lua_block { answer() }";

/// HMAC-SHA256 over FFI to libcrypto; the keyed state is made once and started anew for each link, which is the fast
/// way in OpenSSL 3. The tag is the first 16 bytes, compared in constant time.
const LUA_INIT: &str = r#"
    lua_package_path "/usr/share/lua/5.1/?.lua;;";
    lua_shared_dict verdicts 16m;
    init_worker_by_lua_block {
        local ffi = require "ffi"
        local decode = require("ngx.base64").decode_base64url
        ffi.cdef[[
            typedef struct hmac_ctx_st HMAC_CTX;
            const void *EVP_sha256(void);
            HMAC_CTX *HMAC_CTX_new(void);
            int HMAC_Init_ex(HMAC_CTX *, const void *, int, const void *, void *);
            int HMAC_Update(HMAC_CTX *, const unsigned char *, size_t);
            int HMAC_Final(HMAC_CTX *, unsigned char *, unsigned int *);
            int CRYPTO_memcmp(const void *, const void *, size_t);
        ]]
        local crypto = ffi.load("crypto.so.3")
        local secret = "a secret of the bench"
        local state = crypto.HMAC_CTX_new()
        crypto.HMAC_Init_ex(state, secret, #secret, crypto.EVP_sha256(), nil)
        local tag = ffi.new("unsigned char[32]")
        local length = ffi.new("unsigned int[1]")
        local verdicts = ngx.shared.verdicts
        function answer()
            local bytes = decode(string.sub(ngx.var.uri, 4))
            if not bytes or #bytes < 24 then return ngx.exit(404) end
            local size = #bytes - 16
            crypto.HMAC_Init_ex(state, nil, 0, nil, nil)
            crypto.HMAC_Update(state, bytes, size)
            crypto.HMAC_Final(state, tag, length)
            if crypto.CRYPTO_memcmp(tag, string.sub(bytes, size + 1), 16) ~= 0 then return ngx.exit(404) end
            local url = string.sub(bytes, 8, size)
            local host = string.match(url, "^https?://([^/:]+)")
            local verdict = verdicts:get(host)
            if verdict == nil then
                verdict = 0
                verdicts:set(host, verdict, 3600)
            end
            if verdict ~= 0 then return ngx.exit(403) end
            return ngx.redirect(url, 302)
        end
    }
"#;

/// nginx with one worker in one process, no log, connections that are kept.
pub fn start(folder: &Path, name: &'static str, answer: &str) -> Result<Server> {
    start_with(folder, name, answer, None)
}

/// The same with TLS of its own, where there is a certificate.
pub fn start_with(
    folder: &Path,
    name: &'static str,
    answer: &str,
    certificate: Option<&Certificate>,
) -> Result<Server> {
    let address = free_address()?;
    let here = folder.canonicalize()?.join(format!("nginx-{}", address.port()));
    fs::create_dir(&here)?;
    let (modules, init) = if answer == LUA {
        (
            "load_module /usr/lib/nginx/modules/ndk_http_module.so;\nload_module /usr/lib/nginx/modules/ngx_http_lua_module.so;\n",
            LUA_INIT,
        )
    } else {
        ("", "")
    };
    let listen = match certificate {
        None => format!("listen {address} backlog=4096;"),
        Some(Certificate { chain, key }) => format!(
            "listen {address} backlog=4096 ssl; ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.3;",
            chain.display(),
            key.display()
        ),
    };
    let config = config(&here, &listen, modules, init, answer);
    let file = here.join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = on_server_cpu("nginx");
    command.arg("-p").arg(&here).arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Server::start(name, command, address)
}

fn config(here: &Path, listen: &str, modules: &str, init: &str, answer: &str) -> String {
    let here = here.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("    {of}_temp_path {here}/{of};\n"))
        .concat();
    format!(
        "{modules}daemon off;\nmaster_process off;\nworker_processes 1;\npid {here}/pid;\nerror_log {here}/error.log;\n\
         events {{ worker_connections 8192; }}\nhttp {{\n    access_log off;\n    tcp_nodelay on;\n    keepalive_requests \
         1000000000;\n    keepalive_timeout 3600s;\n    large_client_header_buffers 4 32k;\n{temporary}{init}\n    server \
         {{\n        {listen}\n        location / {{ {answer} }}\n    }}\n}}\n"
    )
}

/// Paths for [`SECURE_LINK`].
pub fn secure_paths(count: usize) -> Vec<String> {
    let path = |at: usize| {
        let url = clean(at);
        format!("/r?md5={}&u={url}", URL_SAFE_NO_PAD.encode(Md5::digest(format!("{url} {SECRET}"))))
    };
    (0..count).map(path).collect()
}

/// Paths for [`LUA`]: version, tenant, time and URL, then the tag.
pub fn lua_paths(count: usize) -> Vec<String> {
    let path = |at: usize| {
        let mut bytes = vec![1, 0, 1, 0, 1, 2, 3];
        bytes.extend(clean(at).bytes());
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes()[..16]);
        format!("/c/{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    (0..count).map(path).collect()
}
