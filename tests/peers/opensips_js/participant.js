// The half of a test's opensips-js user that lives in Node.js: what peers/opensips_js.py asks for is done with the SIP
// and the MSRP of opensips-js. What happens is told by `report`, which the test's end of the inspector has put there.
//
// opensips-js is made for one service, whose messages are plain text, and for browsers. What it lacks is added here:
// what it asks a browser about WebRTC, and CPIM (RFC 7701 section 5.2). Frames, paths, AUTH, answers, REPORTs are its own.

import { createHash, webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import WebSocket from "ws";

globalThis.WebSocket = WebSocket;
globalThis.crypto ??= webcrypto;

/** It offers no media, and opensips-js takes the address in its SDP from this candidate. */
globalThis.RTCPeerConnection = class {
  createDataChannel() {}
  createOffer = async () => ({});
  async setLocalDescription() {
    this.onicecandidate({ candidate: { candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host" } });
  }
};
globalThis.RTCSessionDescription = class {};

const { default: OpenSIPSJS } = createRequire(import.meta.url)("opensips-js"); // it looks for a browser when loaded

const tell = (kind, fields = {}) => globalThis.report(JSON.stringify({ kind, ...fields }));
const hash = (text) => createHash("md5").update(text).digest("hex");

let options;
let agent;
let session;

/** It keeps the lines of a body, but for the empty ones. */
function tellMessage({ headers, body }) {
  const [from, rest] = [body.match(/^From: (.*)\r$/m)?.[1], body.split(/^Content-Type: .*\r\n/m)[1]];
  tell("message", { type: headers["Content-Type"], from, text: rest?.slice(0, -2) });
}

/** Tell what happens in a call that began; `takesCpim`: offer CPIM, and say that what is written is CPIM. */
function sit({ session: began, request, originator }) {
  if (originator !== "local") return;
  session = began;
  if (options.takesCpim) {
    request.body = request.body.replace("accept-types:", "accept-types:message/cpim ");
    const connection = session.connection;
    const send = connection.send.bind(connection);
    connection.send = (frame) => send(frame.replace("Content-Type: text/plain\r\n", "Content-Type: message/cpim\r\n"));
  }
  session.on("newMessage", (frame) => frame.direction === "incoming" && frame.body && tellMessage(frame));
  session.on("active", () => {
    session.sendMSRP(""); // as its own initMSRP does: the first SEND binds the session (RFC 4975 section 5.4)
    tell("active", { path: session.my_addr, target: session.target_addr });
  });
  session.on("failed", ({ message }) => {
    tell("failed", { status: message?.status_code, warning: message?.getHeader("Warning") });
  });
  session.on("ended", ({ originator }) => tell("ended", { originator }));
}

const wrapped = (text, to) =>
  [
    `From: <sip:${options.user}@${options.domain}>`,
    `To: <${to ?? options.room}>`,
    "",
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
  ].join("\r\n");

globalThis.participant = {
  /** Connect to a SIP proxy. `user` has a password at the relay, whose realm is the domain of the rooms. */
  async start(given) {
    options = given;
    const { user, domain, roomDomain, password, proxy, relay } = options;
    agent = new OpenSIPSJS({
      configuration: {
        uri: `sip:${user}@${domain}`,
        authorization_user: user,
        realm: roomDomain,
        ha1: hash(`${user}:${roomDomain}:${password}`),
        session_timers: false,
        register: false,
      },
      socketInterfaces: [proxy],
      sipDomain: domain,
      sipOptions: { session_timers: false, extraHeaders: [], pcConfig: {} },
      msrpDomain: relay,
      msrpWs: true, // ws and not wss: it all stays on this machine
      modules: ["msrp"],
    });
    const connected = new Promise((resolve) => agent.on("connected", resolve));
    agent.begin();
    await connected;
    agent.on("newMSRPSession", sit);
  },
  /** Log in to the relay, and call a room by the part before the @ of its URI. */
  join(room) {
    agent.startMSRP(room);
  },
  say: (text, to) => session.sendMSRP(wrapped(text, to)),
  leave: () => session.terminate({ userTerminated: true }),
  stop: () => agent.disconnect(),
};

setInterval(() => {}, 2 ** 30); // stay until the test ends this process
console.log("participant is here");
