// Reads documents as a mail client without scripts would, and lists every click target it finds in any of them.
//
// DOMParser parses with scripting off (so <noscript> is live) and loads nothing. What Outlook's engine sees and a browser
// does not, the inside of <!--[if …]> comments, is parsed as HTML of its own, and so is every srcdoc.
function targets(html, base, depth, found) {
  const doc = new DOMParser().parseFromString(html, "text/html");
  let here = base;
  const first = doc.querySelector("base[href]");
  if (first) {
    try { here = new URL(first.getAttribute("href"), base || undefined).href; } catch { /* a base that is none */ }
  }
  const add = (kind, raw) => {
    let url;
    try { url = here ? new URL(raw, here) : new URL(raw); } catch { return; }
    if (/^(https?|ftp):$/.test(url.protocol)) found.push({ kind, url: url.href });
  };
  const walk = (root) => {
    const nodes = doc.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT);
    for (let node = nodes.currentNode; node; node = nodes.nextNode()) {
      if (node.nodeType === Node.COMMENT_NODE) {
        if (depth < 8 && /^\s*\[if/i.test(node.data)) targets(node.data.replace(/^[^>]*>/, ""), here, depth + 1, found);
        continue;
      }
      if (node.content instanceof DocumentFragment) walk(node.content);
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const name = node.localName;
      for (const attribute of node.attributes) {
        const key = attribute.name.toLowerCase();
        if (key === "href" || key.endsWith(":href")) {
          if (!["link", "base", "image", "use", "feimage", "pattern", "lineargradient", "radialgradient", "filter",
            "mpath", "textpath", "tref", "cursor", "font-face-uri", "altglyph", "script"].includes(name.toLowerCase()))
            add(`${name} ${key}`, attribute.value);
        } else if (key === "action" && name === "form" || key === "formaction") {
          add(`${name} ${key}`, attribute.value);
        } else if (key === "content" && name === "meta" && /refresh/i.test(node.getAttribute("http-equiv") || "")) {
          const match = /^\s*[\d.]*\s*[;,\s]\s*(?:url\s*=\s*)?['"]?([^'"]*)/i.exec(attribute.value);
          if (match && match[1]) add("meta refresh", match[1]);
        } else if (key === "srcdoc" && depth < 8) {
          targets(attribute.value, here, depth + 1, found);
        }
      }
    }
  };
  walk(doc);
}

return arguments[0].map((html) => {
  const found = [];
  targets(html, null, 0, found);
  return found;
});
