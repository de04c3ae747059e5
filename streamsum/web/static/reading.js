/** The source as it is read: its paragraphs, and in them what each bullet rests on. */

import { utf16Offsets } from "./streamsum.js";

export class Reading {
  #element;
  #text = "";
  #at = utf16Offsets("");
  #paragraphs = []; // { start, end, element }, in UTF-16 units of the text
  #places = []; // { index, start, end }: the bullet's, and where

  constructor(element) {
    this.#element = element;
  }

  /** Show this text, with nothing marked. */
  show(text) {
    this.#text = text;
    this.#at = utf16Offsets(text);
    this.#places = [];
    let start = 0;
    this.#paragraphs = text.split("\n").map((line) => {
      const paragraph = { start, end: start + line.length, element: document.createElement("p") };
      paragraph.element.textContent = line;
      start = paragraph.end + 1;
      return paragraph;
    });
    this.#element.replaceChildren(...this.#paragraphs.map(({ element }) => element));
    this.#element.scrollTop = 0;
  }

  /** Mark the evidence of the bullet `index`, and return the words that it points at. */
  add(index, evidence) {
    const places = evidence.map(({ start, end }) => ({ index, start: this.#at(start), end: this.#at(end) }));
    this.#places.push(...places);
    for (const paragraph of this.#paragraphs) {
      if (places.some((place) => touches(place, paragraph))) this.#draw(paragraph);
    }
    return places.map(({ start, end }) => this.#text.slice(start, end));
  }

  /** Bring out what the bullet `index` rests on, and have its first place in sight. */
  look(index) {
    const active = this.#element.querySelectorAll(`mark[data-bullets~="${index}"]`);
    for (const mark of this.#element.querySelectorAll("mark.active")) mark.classList.remove("active");
    for (const mark of active) mark.classList.add("active");
    if (active.length) this.#reveal(active[0]);
  }

  /** Within the source only: the page itself stays where it is. */
  #reveal(mark) {
    const { scrollTop, clientHeight } = this.#element;
    const bottom = mark.offsetTop + mark.offsetHeight;
    if (mark.offsetTop >= scrollTop && bottom <= scrollTop + clientHeight) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#element.scrollTo({ top: mark.offsetTop - clientHeight / 4, behavior: still ? "instant" : "smooth" });
  }

  /** Places may overlap: the paragraph is cut wherever one begins or ends, and each piece knows its bullets. */
  #draw({ start, end, element }) {
    const places = this.#places.filter((place) => touches(place, { start, end }));
    const bounds = new Set([start, end]);
    for (const place of places) bounds.add(Math.max(start, place.start)).add(Math.min(end, place.end));
    const cuts = [...bounds].sort((a, b) => a - b);
    const pieces = cuts.slice(1).map((to, before) => this.#piece(cuts[before], to, places));
    element.replaceChildren(...pieces);
  }

  #piece(from, to, places) {
    const words = this.#text.slice(from, to);
    const bullets = places.filter((place) => place.start <= from && place.end >= to).map(({ index }) => index);
    if (!bullets.length) return words;
    const mark = document.createElement("mark");
    mark.dataset.bullets = bullets.join(" ");
    mark.textContent = words;
    return mark;
  }
}

function touches(a, b) {
  return a.start < b.end && a.end > b.start;
}
