/** The sheet that bullets arrive on, in order: each whole, the open one grey; a quiet line for what was withheld. */

const WARNINGS = {
  unsupported_number: "It has a number that your text does not have.",
};

export class Sheet {
  /** What stands on it: the bullets' texts. @type {string[]} */
  texts = [];

  #list;
  #preview;
  #onLook;

  /** `onLook(index)`: somebody points at a bullet, or has come to it by keyboard. */
  constructor({ list, preview, onLook }) {
    this.#list = list;
    this.#preview = preview;
    this.#onLook = onLook;
  }

  clear() {
    this.texts = [];
    this.#list.replaceChildren();
    this.show(null);
  }

  /** The open bullet so far; null: there is none. It proves nothing, and is read to nobody. */
  show(delta) {
    this.#preview.hidden = delta === null;
    this.#preview.textContent = delta?.text ?? "";
    this.#preview.dataset.number = delta === null ? "" : delta.index + 1;
  }

  /** A bullet, and the words of the source that it rests on. */
  add({ index, text, warnings }, quotes) {
    this.texts.push(text);
    const bullet = document.createElement("button");
    bullet.type = "button";
    bullet.className = "bullet";
    bullet.dataset.number = index + 1;
    bullet.append(text, ...notes(quotes, warnings));
    bullet.addEventListener("pointerenter", () => this.#onLook(index));
    bullet.addEventListener("focus", () => this.#onLook(index));
    bullet.addEventListener("click", () => this.#onLook(index)); // not every browser gives a button the focus
    const item = document.createElement("li");
    item.append(bullet, heard(bullet, quotes));
    this.#list.append(item);
    this.show(null);
  }

  /** An element that was withheld, and why. */
  reject(reasons) {
    const item = document.createElement("li");
    item.className = "rejected";
    item.textContent = `One was withheld. ${reasons.map(({ detail }) => detail).join(" ")}`;
    this.#list.append(item);
    this.show(null);
  }

  /** Bring out the bullet `index`. */
  look(index) {
    for (const bullet of this.#list.querySelectorAll(".bullet")) {
      bullet.classList.toggle("active", bullet.dataset.number === `${index + 1}`);
    }
  }
}

/** For who does not see the marks: said with the bullet, when it is come to. */
function heard(bullet, quotes) {
  const words = document.createElement("span");
  words.id = `evidence-${bullet.dataset.number}`;
  words.hidden = true;
  words.textContent = quotes.map((quote) => `In your text: ${quote}`).join(" ");
  if (quotes.length) bullet.setAttribute("aria-describedby", words.id);
  return words;
}

function notes(quotes, warnings) {
  const said = warnings.map((code) => WARNINGS[code] ?? code);
  if (!quotes.length) said.unshift("Nothing in your text was found that supports it.");
  return said.map((words) => {
    const note = document.createElement("small");
    note.textContent = words;
    return note;
  });
}

/** The bullets as a Markdown list that shows them as they are: what a model wrote has no say in the form. */
export function markdownOf(texts) {
  return texts.map((text) => `- ${plain(text)}\n`).join("");
}

function plain(text) {
  return text
    .replace(/[\\`*_[\]<]|~(?=~)|&(?=#?\w+;)/g, "\\$&")
    .replace(/^[-+=#>]/, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2");
}
