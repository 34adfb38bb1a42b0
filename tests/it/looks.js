// What a document comes to, in lines that can be compared: elements with their attributes, text, comments. Targets are left
// out, anchors that were put around text are looked through, and so is what runs or opens something inside the page.
const targets = ["href", "xlink:href", "o:href", "action", "formaction", "longdesc", "xml:base"];
const inserted = "color:inherit;background:none;font:inherit;text-decoration:inherit";
const active = ["iframe", "frame", "embed", "object", "applet", "portal", "script", "param"];

function comment(data) {
  return data.replace(/((?:[a-z]+:)?href|action)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, "$1")
    .replace(new RegExp(`<a href style="${inserted}">(.*?)</a>`, "gs"), "$1");
}

const out = [];
let text = "";
const flush = () => { if (text !== "") out.push("T " + text); text = ""; };
function walk(node) {
  if (node.nodeType === Node.TEXT_NODE) { text += node.data; return; }
  if (node.nodeType === Node.COMMENT_NODE) { flush(); out.push("C " + comment(node.data)); return; }
  if (node.nodeType !== Node.ELEMENT_NODE) { for (const child of node.childNodes) walk(child); return; }
  const own = node.localName === "a" && node.getAttribute("style") === inserted && node.attributes.length === 2;
  const note = node.localName === "b" && /^\[This form was disabled/.test(node.textContent);
  if (note) return;
  if (!own) {
    flush();
    const name = node.localName;
    const kept = [...node.attributes].filter((attribute) => {
      const key = attribute.name.toLowerCase();
      if (targets.includes(key) || key.endsWith(":href")) return false;
      if (key === "title" && /^(link|form) (removed|disabled)/.test(attribute.value)) return false;
      if (active.includes(name) && ["src", "data", "value", "codebase"].includes(key)) return false;
      return !(name === "meta" && key === "content");
    });
    out.push("E " + name + kept.map((attribute) => ` ${attribute.name}=${attribute.value}`).join(""));
  }
  for (const child of node.childNodes) walk(child);
  if (node.content instanceof DocumentFragment) walk(node.content);
  if (!own) { flush(); out.push("/" + node.localName); }
}
walk(document);
flush();
return out;
