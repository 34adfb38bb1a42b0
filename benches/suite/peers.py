"""What most people would write: Python's email with lxml, and with BeautifulSoup. Prints microseconds of thread time a
message of each, for the messages of a folder."""

import base64
import email
import email.policy
import hashlib
import hmac
import pathlib
import re
import sys
import time

import bs4
import lxml.html

SECRET = b"a secret of the bench"
URL = re.compile(r"https?://[^\s<>\"]+")


def link(url):
    payload = b"\1\0\1\0\1\2\3" + url.encode()
    tag = hmac.digest(SECRET, payload, hashlib.sha256)[:16]
    return "https://go.corp.example/c/" + base64.urlsafe_b64encode(payload + tag).rstrip(b"=").decode()


def with_lxml(html):
    tree = lxml.html.fromstring(html)
    for anchor in tree.iter("a"):
        if anchor.get("href"):
            anchor.set("href", link(anchor.get("href")))
    return lxml.html.tostring(tree, encoding="unicode")


def with_soup(html):
    soup = bs4.BeautifulSoup(html, "lxml")
    for anchor in soup.find_all("a", href=True):
        anchor["href"] = link(anchor["href"])
    return str(soup)


def rewrite(raw, html):
    message = email.message_from_bytes(raw)
    for part in message.walk():
        if part.get_content_maintype() != "text":
            continue
        text = part.get_payload(decode=True).decode("utf-8")
        if part.get_content_subtype() == "html":
            text = html(text)
        else:
            text = URL.sub(lambda found: link(found.group()), text)
        del part["Content-Transfer-Encoding"]
        part.set_payload(text, "utf-8")
    return message.as_bytes()


def main():
    messages = [path.read_bytes() for path in sorted(pathlib.Path(sys.argv[1]).iterdir())]
    for html in (with_lxml, with_soup):
        assert rewrite(messages[0], html).count(b"\n") > 10
        best = []
        for _ in range(3):
            began = time.thread_time()
            for raw in messages:
                rewrite(raw, html)
            best.append((time.thread_time() - began) / len(messages) * 1e6)
        print(sorted(best)[1])


main()
