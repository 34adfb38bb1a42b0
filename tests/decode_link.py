#!/usr/bin/env python3
"""An independent reading of docs/LINK-FORMAT.md: the standard library alone, nothing shared with the Rust code.

  decode_link.py LINK             show what a link (or its path) holds; proves nothing
  decode_link.py --check FILE     hold the specification against a file of test vectors
"""
import base64
import datetime
import hashlib
import hmac
import json
import re
import struct
import sys

HOST = re.compile(r"(?=[^:]{1,253}(?::|\Z))(?=[^:]*\.)(?![^:]*\.\.)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::(0|[1-9][0-9]{0,4}))?\Z")
REST_MAX = 16384
PLACES = ["html", "text", "calendar", "attachment"]


class Bad(Exception):
    """The reason, in the word of the test vectors."""


def hkdf(secret, info):
    """RFC 5869 with SHA-256 and an empty salt, one block."""
    pseudorandom = hmac.new(b"", secret, hashlib.sha256).digest()
    return hmac.new(pseudorandom, info + b"\1", hashlib.sha256).digest()


def derive(secret, purpose, tenant):
    return hkdf(secret, b"sekisho v1 " + purpose + b"\0" + struct.pack(">H", tenant))


def mac(key, *pieces):
    return hmac.new(key, b"".join(pieces), hashlib.sha256).digest()


def sized(data):
    return struct.pack(">I", len(data)) + data


def is_host(segment):
    match = HOST.match(segment)
    return bool(match) and int(match.group(1) or 0) < 65536


def candidate(path):
    """Section 5, steps 1 to 4: host segment and the characters before the version."""
    if not path.startswith("/") or "/" not in path[1:]:
        raise Bad("shape")
    segment, after = path[1:].split("/", 1)
    if segment != "-" and not is_host(segment):
        raise Bad("host")
    token = re.match(r"[A-Za-z0-9_-]*", after).group().rstrip("_-")
    if after[len(token):len(token) + 1] == "/":
        raise Bad("slash")
    if not token:
        raise Bad("shape")
    if token[-1] != "1":
        raise Bad("version")
    return segment, token[:-1]


def unpack(chars):
    """Steps 5 and 6: header fields, rest, tag."""
    if len(chars) % 4 == 1 or not 1 <= len(chars) * 3 // 4 - 43 <= REST_MAX:
        raise Bad("length")
    data = base64.urlsafe_b64decode(chars + "=" * (-len(chars) % 4))
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != chars:
        raise Bad("base64")
    key, tenant, flags, issued, message, recipient = struct.unpack(">4sHBI8s8s", data[:27])
    fields = {"key": key.hex(), "tenant": tenant, "issued": issued, "message": message.hex(),
              "recipient": recipient.hex(), "id": data[-16:].hex(), "bytes": data.hex()}
    return fields, flags, data[:27], data[27:-16], data[-16:]


def tag_input(header, segment, rest):
    host = segment.encode()
    return b"sekisho link v1\0" + header + struct.pack(">H", len(host)) + host + sized(rest)


def destination(segment, flags, rest):
    """Section 4: the URL that flags, host segment and rest spell."""
    if flags & 0xE0 or flags >> 2 & 7 >= len(PLACES):
        raise Bad("flags")
    https, inside = bool(flags & 1), bool(flags & 2)
    if inside != (segment == "-"):
        raise Bad("host-flag")
    if not re.fullmatch(rb"[!-~]+", rest) or b"/" not in rest:
        raise Bad("rest")
    authority, path = rest.decode().split("/", 1)
    user, at, host = authority.rpartition("@")
    if (at and not user) or (bool(host) != inside):
        raise Bad("rest")
    if inside and is_host(host):
        raise Bad("host-place")
    host = host or segment
    # What the URL standard would read otherwise, as far as one can say without an implementation of it.
    number = host.rsplit(":", 1)[0].rstrip(".").rsplit(".", 1)[-1]
    odd_ipv4 = number.isdigit() and not re.match(r"\d+\.\d+\.\d+\.\d+(:|\Z)", host)
    if (host.endswith(":443" if https else ":80") or host != host.lower() or odd_ipv4 or ":0:0:" in host
            or re.search(r"[\\/?#@\[\]<>^|]", user)):
        raise Bad("destination")
    url = f"{'https' if https else 'http'}://{user}{at}{host}/{path}"
    return {"https": https, "host_inside": inside, "place": PLACES[flags >> 2 & 7], "destination": url}


def open_link(keys, tenants, path, now, allowed, logged):
    """Section 5, whole: what the link holds, proven."""
    segment, chars = candidate(path)
    fields, flags, header, rest, tag = unpack(chars)
    key = keys.get(fields["key"]) or fail("key")
    tenant, issued = fields["tenant"], fields["issued"]
    if tenant == 0 or tenant not in tenants or tenant not in allowed:
        raise Bad("tenant")
    if issued < key["from"] or (key["until"] is not None and issued > key["until"]) or issued > now + 10:
        raise Bad("issued")
    signing = derive(bytes.fromhex(key["secret"]), b"tag", tenant)
    if not hmac.compare_digest(mac(signing, tag_input(header, segment, rest))[:16], tag):
        raise Bad("tag")
    fields.update(destination(segment, flags, rest), host=segment)
    if key["state"] == "compromised" and not logged:
        raise Bad("compromised")
    return fields


def fail(reason):
    raise Bad(reason)


def equal(name, got, wanted):
    if got != wanted:
        sys.exit(f"{name}: {got!r}, and the vectors say {wanted!r}")


def check(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    keys = {}
    for key in vectors["keys"]:
        secret = bytes.fromhex(key["secret"])
        equal("key id", derive(secret, b"key id", 0)[:4].hex(), key["id"])
        equal("continue", derive(secret, b"continue", 0).hex(), key["continue"])
        for derived in key["derived"]:
            for purpose in ("tag", "message", "recipient"):
                equal(purpose, derive(secret, purpose.encode(), derived["tenant"]).hex(), derived[purpose])
        keys[key["id"]] = key
    secret = bytes.fromhex(next(key for key in vectors["keys"] if key["state"] == "signing")["secret"])
    for it in vectors["messages"]:
        data = struct.pack(">H", it["tenant"]) + sized(it["message_id"].encode().strip()) + bytes.fromhex(it["body_sha256"])
        equal("message", mac(derive(secret, b"message", it["tenant"]), data)[:8].hex(), it["hash"])
    for it in vectors["recipients"]:
        local, at, domain = it["address"].strip().rpartition("@")
        address = local + at + (domain.lower() if at else domain)
        data = struct.pack(">H", it["tenant"]) + bytes.fromhex(it["message"]) + sized(address.encode())
        equal("recipient", mac(derive(secret, b"recipient", it["tenant"]), data)[:8].hex(), it["hash"])
    for it in vectors["nonces"]:
        data = bytes.fromhex(it["click"]) + struct.pack(">q", it["expires"])
        tag = mac(derive(secret, b"continue", 0), b"sekisho continue v1\0", data, sized(it["path"].encode()))[:16]
        equal("nonce", base64.urlsafe_b64encode(data + tag).decode().rstrip("="), it["nonce"])
    for it in vectors["valid"]:
        try:
            link = open_link(keys, vectors["tenants"], it["path"], it["now"], it["allowed"], it["logged"])
        except Bad as bad:
            sys.exit(f"valid {it['name']!r} does not open: {bad}")
        for field, value in link.items():
            equal(f"{it['name']}, {field}", value, it[field])
        if it["name"] == vectors["tag_input"]["of"]:
            fields, _, header, rest, _ = unpack(candidate(it["path"])[1])
            equal("tag input", tag_input(header, link["host"], rest).hex(), vectors["tag_input"]["bytes"])
    for it in vectors["invalid"]:
        try:
            open_link(keys, vectors["tenants"], it["path"], it["now"], it["allowed"], it["logged"])
        except Bad as bad:
            equal(f"invalid {it['name']!r}", str(bad), it["reason"])
        else:
            sys.exit(f"invalid {it['name']!r} opens")
    print(f"{len(vectors['valid'])} valid and {len(vectors['invalid'])} invalid links agree")


def decode(link):
    """Tries each segment and the one after it, because a prefix path may stand before the link."""
    path = re.sub(r"\Ahttps?://[^/]*", "", link.strip(), flags=re.I)
    reason = "shape"
    for start in [match.start() for match in re.finditer("/", path)]:
        try:
            segment, chars = candidate(path[start:])
            fields, flags, _, rest, _ = unpack(chars)
            return {**fields, **destination(segment, flags, rest)}
        except Bad as bad:
            reason = str(bad) if str(bad) not in ("shape", "host") else reason
    sys.exit(f"not a link: {reason}")


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--check":
        return check(arguments[1])
    if len(arguments) != 1:
        sys.exit(__doc__)
    link = decode(arguments[0])
    minted = datetime.datetime(2020, 1, 1) + datetime.timedelta(minutes=link["issued"])
    print(link["destination"])
    print(f"minted {minted:%Y-%m-%d %H:%MZ} for tenant {link['tenant']}, message {link['message']}, recipient "
          f"{link['recipient']}, {link['place']}; key {link['key']}; NOT PROVEN")


if __name__ == "__main__":
    main(sys.argv[1:])
