// The page: what a person types goes to chat-room.js, and what a room says is shown.

import { User } from "./chat-room.js";
import { Roster } from "./roster.js";

const element = (id) => document.getElementById(id);
const status = (text) => (element("status").textContent = text);
const uri = (address) => (address.startsWith("sip:") ? address : `sip:${address}`);

let user;
let chat;
let invitation;

/** Do what a form asks for, and show what went wrong. */
function when(form, action) {
  element(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target, event.submitter));
    Promise.resolve(action(fields, event.target)).catch((error) => status(error.message));
  });
}

when("entrance", async ({ server, address, password, room, nickname, action }) => {
  status("");
  await user?.stop();
  user = new User({ server, address, password, name: nickname });
  user.onInvitation = (asked) => showInvitation(asked, nickname);
  await user.start();
  if (action === "join") {
    showRoom(await user.join(uri(room), nickname));
  } else {
    const answer = await user.register();
    status(answer === 200 ? `waiting as ${address}` : `${address} could not register: ${answer}`);
  }
});

function showInvitation(asked, nickname) {
  invitation = asked;
  const why = asked.reason ? `: ${asked.reason}` : "";
  element("invitation").querySelector("p").textContent = `${asked.inviter} invites you to ${asked.room}${why}`;
  element("invitation").hidden = false;
  element("accept").onclick = () => answered(async () => showRoom(await asked.accept(nickname)));
  element("decline").onclick = () => answered(() => asked.decline());
}

function answered(action) {
  element("invitation").hidden = true;
  action().catch((error) => status(error.message));
}

function showRoom(joined) {
  const roster = new Roster();
  chat = joined;
  element("entrance").hidden = true;
  element("room").hidden = false;
  document.querySelector("#room h1").textContent = chat.room.replace("sip:", "");
  element("messages").replaceChildren();
  chat.onMessage = ({ name, from, text, isPrivate }) => show(`${name || from}: ${text}`, isPrivate);
  chat.onRoster = (xml) => {
    if (!roster.apply(xml)) return chat.askRoster();
    element("subject").textContent = roster.subject;
    element("people").replaceChildren(...[...roster.people.values()].map((name) => new_("li", name)));
    showRecipients(roster);
  };
  chat.onEnded = () => {
    element("room").hidden = true;
    element("entrance").hidden = false;
    status(`no longer in ${joined.room}`);
  };
  chat.watch();
}

function showRecipients({ people }) {
  const list = document.querySelector("#say select");
  const chosen = list.value;
  const options = [...people].map(([entity, name]) => new Option(name, entity));
  list.replaceChildren(new Option("all", chat.room), ...options);
  list.value = people.has(chosen) ? chosen : chat.room;
}

function show(text, isPrivate) {
  const line = new_("li", text);
  line.classList.toggle("private", isPrivate);
  const messages = element("messages");
  messages.append(line);
  messages.scrollTop = messages.scrollHeight;
}

function new_(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

when("say", async ({ to, text }, form) => {
  const answer = await chat.say(text, to);
  if (answer !== 200) return status(`not said: ${answer}`);
  form.elements.text.value = "";
  const recipient = form.elements.to.selectedOptions[0].text;
  show(to === chat.room ? `me: ${text}` : `me to ${recipient}: ${text}`, to !== chat.room);
});

when("rename", async ({ nickname }, form) => {
  const answer = await chat.rename(nickname);
  status(answer === 200 ? "" : `the nickname was refused: ${answer}`);
  form.reset();
});

when("invite", async ({ uri: who }, form) => {
  await chat.invite(uri(who), (sipfrag) => status(`${who}: ${sipfrag.split("\r\n")[0].replace("SIP/2.0 ", "")}`));
  form.reset();
});

element("leave").onclick = () => chat.leave();
