// MSRP over WebSocket for one chat (RFC 4975, RFC 7977): one chunk in each WebSocket message.
// Knows no SIP and no page. Runs wherever there is a WebSocket: in browsers, and in Node.js with the package `ws`.

const CHUNK = 2048; // octets of a long message in one chunk (RFC 4975 section 7.1.1)
const PATIENCE = 30_000; // milliseconds until an unanswered request counts as refused (section 7.1.1)
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function token(octets = 12) {
  const random = crypto.getRandomValues(new Uint8Array(octets));
  return "c" + Array.from(random, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Read one WebSocket message as one chunk; throws an Error when it is none. */
export function readFrame(data) {
  const octets = typeof data === "string" ? encoder.encode(data) : new Uint8Array(data);
  const text = latin1(octets); // one character an octet: places in the text are places in the octets
  const start = /^MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) (?:(\d{3})(?: [^\r]*)?|([A-Z]+))\r\n/.exec(text);
  if (start === null) throw new Error("no MSRP start line");
  const end = new RegExp(`-------${start[1].replace(/[.+]/g, "\\$&")}([$+#])\r\n$`).exec(text);
  if (end === null) throw new Error("no end-line");
  const blank = text.indexOf("\r\n\r\n");
  const hasBody = blank >= 0 && blank + 4 <= end.index;
  const head = decoder.decode(octets.subarray(start[0].length, hasBody ? blank + 2 : end.index));
  const headers = new Map(
    head.split("\r\n").filter(Boolean).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = hasBody ? octets.subarray(blank + 4, end.index - 2) : undefined;
  return { id: start[1], status: Number(start[2] ?? 0), method: start[3], headers, body, flag: end[1] };
}

/** Write a chunk; text where it has no body, else octets. */
export function writeFrame(id, start, headers, body, flag = "$") {
  const head = `MSRP ${id} ${start}\r\n` + headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const end = `-------${id}${flag}\r\n`;
  if (body === undefined) return head + end;
  return concatenated([encoder.encode(head + "\r\n"), body, encoder.encode("\r\n" + end)]);
}

function latin1(octets) {
  let text = "";
  for (let at = 0; at < octets.length; at += 8192) text += String.fromCharCode(...octets.subarray(at, at + 8192));
  return text;
}

function concatenated(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** One session: ours is the side that connects. Set `onMessage(contentType, octets)` and `onClosed()`. */
export class MsrpSession {
  onMessage = () => {};
  onClosed = () => {};
  #answers = new Map(); // transaction id -> who waits for the status
  #partial = new Map(); // Message-ID -> chunks so far
  #socket = undefined;
  #remote = "";

  constructor(isSecure) {
    // RFC 7977 section 5.1: nobody can connect to a browser, so its URI has no address
    this.path = `${isSecure ? "msrps" : "msrp"}://${token(6)}.invalid:2855/${token()};ws`;
  }

  /** Connect to where the other side's path says, and bind the session (RFC 4975 section 5.4). */
  async connect(remotePath) {
    this.#remote = remotePath;
    const [, secure, authority] = /^msrp(s?):\/\/([^/;]+)/i.exec(remotePath.split(" ")[0]);
    const socket = (this.#socket = new WebSocket(`ws${secure}://${authority}/`, "msrp"));
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = socket.onerror = () => reject(new Error("no MSRP connection"));
    });
    socket.onclose = () => this.#lost();
    const status = await this.#request("SEND", [["Message-ID", token()]]);
    if (status !== 200) throw new Error(`the MSRP session was refused: ${status}`);
  }

  /** Send a message, in chunks when it is long; the status that it is answered with, the first that is not 200. */
  async send(contentType, content) {
    const body = encoder.encode(content);
    const fixed = [["Message-ID", token()]];
    const statuses = [];
    for (let at = 0; at === 0 || at < body.length; at += CHUNK) {
      const chunk = body.subarray(at, at + CHUNK);
      const range = `${at + 1}-${at + chunk.length}/${body.length}`;
      const headers = [...fixed, ["Byte-Range", range], ["Content-Type", contentType]];
      statuses.push(this.#request("SEND", headers, chunk, at + CHUNK < body.length ? "+" : "$"));
    }
    return (await Promise.all(statuses)).find((status) => status !== 200) ?? 200;
  }

  /** Ask for a nickname (RFC 7701 section 7); the status. */
  setNickname(nickname) {
    return this.#request("NICKNAME", [["Use-Nickname", `"${nickname.replace(/["\\]/g, "\\$&")}"`]]);
  }

  close() {
    this.#socket?.close();
  }

  #request(method, headers, body, flag) {
    const id = token(8);
    const paths = [["To-Path", this.#remote], ["From-Path", this.path]];
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.#answered(id, 408), PATIENCE);
      this.#answers.set(id, { resolve, patience });
      this.#socket.send(writeFrame(id, method, [...paths, ...headers], body, flag));
    });
  }

  #answered(id, status) {
    const waiting = this.#answers.get(id);
    if (waiting === undefined) return; // nobody waits for it, or no longer
    this.#answers.delete(id);
    clearTimeout(waiting.patience);
    waiting.resolve(status);
  }

  #receive(data) {
    const frame = readFrame(data);
    if (frame.status) this.#answered(frame.id, frame.status);
    else if (frame.method === "SEND") this.#take(frame);
    else if (frame.method !== "REPORT") this.#answer(frame, "501 Not Implemented");
  }

  #take(frame) {
    if (["yes", undefined].includes(frame.headers.get("failure-report"))) this.#answer(frame, "200 OK");
    if (frame.body === undefined) return; // it binds, or keeps alive
    const id = frame.headers.get("message-id");
    const chunks = [...(this.#partial.get(id) ?? []), frame.body];
    this.#partial.delete(id);
    if (frame.flag === "+") this.#partial.set(id, chunks);
    if (frame.flag === "$") this.onMessage(frame.headers.get("content-type"), concatenated(chunks));
  }

  #answer(frame, status) {
    const back = frame.headers.get("from-path").split(" ")[0]; // RFC 4975 section 7.2: the previous hop only
    this.#socket.send(writeFrame(frame.id, status, [["To-Path", back], ["From-Path", this.path]]));
  }

  #lost() {
    for (const id of [...this.#answers.keys()]) this.#answered(id, 481);
    this.onClosed();
  }
}
