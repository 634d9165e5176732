// Common Presence and Instant Messaging (RFC 3862): who says it to whom, around every message of a room.

export function writeCpim({ from, to, text }) {
  const headers = [`From: <${from}>`, `To: <${to}>`, `DateTime: ${new Date().toISOString()}`];
  return [...headers, "", "Content-Type: text/plain;charset=utf-8", "", text].join("\r\n");
}

/** Read a message with text; `name` is what the sender is called, `from` and `to` are URIs. */
export function readCpim(octets) {
  const whole = new TextDecoder().decode(octets);
  const [outer, inner, ...rest] = whole.split("\r\n\r\n");
  const header = (block, name) => new RegExp(`^${name}: *(.*)$`, "im").exec(block)?.[1].trim() ?? "";
  const [, name, from] = /^(.*?)\s*<([^>]*)>/.exec(header(outer, "From")) ?? [];
  return {
    from,
    name: (name ?? "").replace(/^"|"$/g, "").replace(/\\(.)/g, "$1"),
    to: /<([^>]*)>/.exec(header(outer, "To"))?.[1] ?? "",
    type: header(inner ?? "", "Content-Type").toLowerCase(),
    text: rest.join("\r\n\r\n"),
  };
}
