// A participant of Crossroom's rooms: SIP by SIP.js over WebSocket, the chat by msrp.js.
// RFC 4579 (conference), RFC 7701 (chat rooms), RFC 4575 (roster), RFC 3515 (REFER).

import { Inviter, Registerer, SessionState, Subscriber, UserAgent } from "sip.js";
import { readCpim, writeCpim } from "./cpim.js";
import { MsrpSession } from "./msrp.js";

/** Where the chat of a description is, if a browser can reach it: the MSRP path, or undefined. */
function chatPath(sdp) {
  // each m= line with its attributes; one with port 0 is refused (RFC 3264 section 6)
  const chat = sdp.split(/\r?\n(?=m=)/).find((part) => /^m=message (?!0 )/.test(part));
  return /^a=path:(\S+;ws)\s*$/im.exec(chat ?? "")?.[1]; // RFC 7977 section 5.2.1
}

/** What SIP.js asks for an SDP: one m=message line with our path, instead of the audio and video it knows. */
class ChatDescription {
  #number = Date.now();
  #version = 0;

  constructor(isSecure) {
    this.isSecure = isSecure;
    this.remotePath = undefined;
    this.renew();
  }

  /** A new MSRP session, for the next offer. */
  renew() {
    this.msrp = new MsrpSession(this.isSecure);
  }

  async getDescription() {
    const lines = [
      "v=0",
      `o=- ${this.#number} ${++this.#version} IN IP4 0.0.0.0`, // RFC 3264 section 8
      "s=-",
      "c=IN IP4 0.0.0.0",
      "t=0 0",
      // RFC 6135 section 4.2: port 9, because we are the side that connects
      `m=message 9 ${this.isSecure ? "TCP/TLS/MSRP" : "TCP/MSRP"} *`,
      "a=accept-types:message/cpim",
      "a=accept-wrapped-types:*",
      `a=path:${this.msrp.path}`,
      "a=setup:active",
      "a=chatroom:nickname private-messages",
    ];
    return { body: lines.join("\r\n") + "\r\n", contentType: "application/sdp" };
  }

  async setDescription(sdp) {
    this.remotePath = chatPath(sdp);
    if (this.remotePath === undefined) throw new Error("no chat in the description");
  }

  hasDescription(contentType) {
    return contentType === "application/sdp";
  }

  sendDtmf() {
    return false;
  }

  close() {
    this.msrp.close();
  }
}

/** One user at one server. `server`: wss://host:port; `address`: user@domain; set `onInvitation(invitation)`. */
export class User {
  onInvitation = () => {};

  constructor({ server, address, password = "", name = "" }) {
    this.address = address;
    this.agent = new UserAgent({
      uri: UserAgent.makeURI(`sip:${address}`),
      displayName: name,
      authorizationUsername: address.split("@")[0],
      authorizationPassword: password,
      transportOptions: { server },
      logBuiltinEnabled: false,
      sessionDescriptionHandlerFactory: () => new ChatDescription(server.startsWith("wss:")),
      delegate: { onInvite: (session) => this.#invited(session) },
    });
    this.registerer = new Registerer(this.agent);
  }

  /** Connect. */
  async start() {
    await this.agent.start();
  }

  /** Let the rooms know where we are, so that they can invite us; the status. */
  register() {
    return new Promise((resolve) => {
      const answered = (response) => resolve(response.message.statusCode);
      this.registerer.register({ requestDelegate: { onAccept: answered, onReject: answered } });
    });
  }

  /** Call a room, `sip:` URI; the Chat, or an Error with the status and the phrase of the refusal. */
  async join(room, nickname) {
    const session = new Inviter(this.agent, UserAgent.makeURI(room));
    const chat = new Chat(this, session, room);
    await new Promise((resolve, reject) => {
      const refused = ({ message }) => reject(new Error(`${message.statusCode} ${message.reasonPhrase}`));
      session.invite({ requestDelegate: { onReject: refused } }).catch(reject);
      session.stateChange.addListener((state) => state === SessionState.Established && resolve());
    });
    await chat.open(nickname);
    return chat;
  }

  async stop() {
    await this.agent.stop();
  }

  #invited(session) {
    // what is offered by TCP is refused at once: the room may call again with an offer for browsers
    if (chatPath(session.request.body ?? "") === undefined) session.reject({ statusCode: 488 });
    else this.onInvitation(new Invitation(this, session));
  }
}

/** A room asks us in. */
export class Invitation {
  constructor(user, session) {
    const { request } = session;
    this.user = user;
    this.session = session;
    this.room = `${request.from.uri}`;
    this.inviter = request.getHeader("referred-by") ?? "";
    this.reason = request.getHeader("subject") ?? "";
    this.isFromFocus = /;\s*isfocus\b/i.test(request.getHeader("contact")); // RFC 4579 section 4.3
  }

  async accept(nickname) {
    const chat = new Chat(this.user, this.session, this.room);
    await this.session.accept();
    await chat.open(nickname);
    return chat;
  }

  decline() {
    return this.session.reject({ statusCode: 603, reasonPhrase: "Decline" });
  }
}

/** A seat in a room. Set `onMessage({from, name, text, isPrivate})`, `onRoster(xml)`, `onEnded()`; then `watch`. */
export class Chat {
  onMessage = () => {};
  onRoster = () => {};
  onEnded = () => {};

  #early = []; // what was said before anybody listened: a room may greet and repeat what was said before

  constructor(user, session, room) {
    this.user = user;
    this.session = session;
    this.room = room;
    session.stateChange.addListener((state) => state === SessionState.Terminated && this.#ended());
  }

  /** The call stands: connect the chat and take the nickname. */
  async open(nickname) {
    try {
      await this.#connect();
      const status = await this.rename(nickname);
      if (status !== 200) throw new Error(`the nickname was refused: ${status}`);
    } catch (error) {
      this.#hangUp();
      throw error;
    }
  }

  async #connect() {
    const { msrp, remotePath } = this.session.sessionDescriptionHandler;
    this.msrp = msrp;
    msrp.onMessage = (type, octets) => this.#receive(type, octets);
    await msrp.connect(remotePath);
    msrp.onClosed = () => this.#repair();
  }

  /** The connection of the chat is lost: the call goes on, and brings another (RFC 4975 section 5.4). */
  #repair() {
    if (this.session.state !== SessionState.Established) return;
    this.session.sessionDescriptionHandler.renew();
    const onAccept = () => this.#connect().catch(() => this.#hangUp());
    const onReject = () => this.#hangUp();
    this.session.invite({ requestDelegate: { onAccept, onReject } });
  }

  #hangUp() {
    if (this.session.state === SessionState.Established) this.session.bye();
  }

  /** From now on the three are told what happens; first what has happened already. */
  watch() {
    for (const message of this.#early) this.onMessage(message);
    this.#early = undefined;
    this.subscription = new Subscriber(this.user.agent, UserAgent.makeURI(this.room), "conference", {
      extraHeaders: ["Accept: application/conference-info+xml"],
    });
    this.subscription.delegate = {
      onNotify: (notification) => {
        notification.accept();
        if (notification.request.body) this.onRoster(notification.request.body);
      },
    };
    return this.subscription.subscribe();
  }

  /** A roster was missed: ask for a whole one. */
  askRoster() {
    return this.subscription.subscribe();
  }

  /** Say something to all, or to the participant with this URI; the status that the room answers. */
  say(text, to = this.room) {
    return this.msrp.send("message/cpim", writeCpim({ from: `sip:${this.user.address}`, to, text }));
  }

  /** Take a nickname; the status. */
  rename(nickname) {
    return this.msrp.setNickname(nickname);
  }

  /** Ask the room to invite somebody; `onProgress(sipfrag)` is told how that goes. */
  invite(uri, onProgress = () => {}) {
    return this.session.refer(UserAgent.makeURI(uri), {
      onNotify: (notification) => {
        notification.accept();
        onProgress(notification.request.body);
      },
    });
  }

  async leave() {
    await this.subscription?.unsubscribe();
    await this.session.bye();
  }

  #receive(type, octets) {
    if (!type.toLowerCase().startsWith("message/cpim")) return;
    const message = readCpim(octets);
    if (!message.type.startsWith("text/plain")) return; // somebody is typing, and the like
    const isPrivate = message.to.split(";")[0] !== this.room || message.to.includes(";gr=");
    if (this.#early === undefined) this.onMessage({ ...message, isPrivate });
    else this.#early.push({ ...message, isPrivate });
  }

  #ended() {
    this.msrp?.close();
    this.onEnded();
  }
}
