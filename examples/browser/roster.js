// The roster of a room: conference documents, whole and partial, put together (RFC 4575 section 4.6).

const NS = "urn:ietf:params:xml:ns:conference-info";
const XCON = "urn:ietf:params:xml:ns:xcon-conference-info"; // RFC 7701 section 7: nicknames

export class Roster {
  subject = "";
  people = new Map(); // URI -> nickname
  #version = -1;

  /** Take a document; false when one before it is missing. */
  apply(xml) {
    const info = new DOMParser().parseFromString(xml, "application/xml").documentElement;
    const version = Number(info.getAttribute("version"));
    const isFull = info.getAttribute("state") !== "partial";
    if (!isFull && version !== this.#version + 1) return false;
    this.#version = version;
    if (isFull) this.people.clear();
    const [subject] = info.getElementsByTagNameNS(NS, "subject");
    if (subject !== undefined) this.subject = subject.textContent;
    for (const user of info.getElementsByTagNameNS(NS, "user")) {
      const entity = user.getAttribute("entity");
      if (user.getAttribute("state") === "deleted") this.people.delete(entity);
      else this.people.set(entity, nameOf(user) ?? this.people.get(entity) ?? entity);
    }
    return true;
  }
}

function nameOf(user) {
  const display = [...user.children].find((child) => child.localName === "display-text");
  return user.getAttributeNS(XCON, "nickname") ?? display?.textContent;
}
