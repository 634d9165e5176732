// The half of a test's Node.js user that lives in Node.js: what peers/javascript.py asks for is done with SIP.js.
// What happens is told by `report`, which the test's end of the inspector has put there.

import { webcrypto } from "node:crypto";
import WebSocket from "ws";
import { Inviter, UserAgent } from "sip.js";
import { User } from "./chat-room.js";

// what browsers have, and what not every version of Node.js has
globalThis.WebSocket = WebSocket;
globalThis.crypto ??= webcrypto;

const tell = (kind, fields = {}) => globalThis.report(JSON.stringify({ kind, ...fields }));
const AUDIO = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 9 RTP/AVP 0", ""];

let user;
let chat;
let invitation;

function sit(joined) {
  chat = joined;
  chat.onMessage = (message) => tell("message", message);
  chat.onRoster = (xml) => tell("roster", { xml });
  chat.onEnded = () => tell("ended");
  return chat.watch();
}

globalThis.participant = {
  start(options) {
    user = new User(options);
    user.onInvitation = (asked) => {
      invitation = asked;
      const { room, inviter, reason, isFromFocus } = asked;
      tell("invitation", { room, inviter, reason, isFromFocus });
    };
    return user.start();
  },
  stop: () => user.stop(),
  register: () => user.register(),
  join: async (room, nickname) => sit(await user.join(room, nickname)),
  /** The status and the phrase that a call is refused with. */
  refusal: (room) => user.join(room).then(() => "let in", (error) => error.message),
  accept: async (nickname) => sit(await invitation.accept(nickname)),
  decline: () => invitation.decline(),
  say: (text, to) => chat.say(text, to),
  rename: (nickname) => chat.rename(nickname),
  invite: async (uri) => {
    await chat.invite(uri, (sipfrag) => tell("progress", { line: sipfrag.split("\r\n")[0] }));
  },
  leave: () => chat.leave(),
  /** Call a room as a telephone does, with audio alone; the status of the refusal. */
  telephone(room) {
    const description = {
      getDescription: async () => ({ body: AUDIO.join("\r\n"), contentType: "application/sdp" }),
      close: () => {},
    };
    const session = new Inviter(user.agent, UserAgent.makeURI(room));
    session._sessionDescriptionHandler = description;
    return new Promise((resolve, reject) => {
      const onReject = ({ message }) => resolve([message.statusCode, message.getHeader("warning")]);
      session.invite({ requestDelegate: { onReject, onAccept: reject } }).catch(reject);
    });
  },
};

setInterval(() => {}, 2 ** 30); // stay until the test ends this process
console.log("participant is here");
