// The live picture, with the boxes that the device or this page draws, and the notice over it when there is none.

import { faceColour, percent, UNCERTAIN } from "./colours.js";

const SVG = "http://www.w3.org/2000/svg";
const REMEMBERED_AS = "fer-edge drawing";
const ASK_AGAIN_MS = 1000;
// Of the picture's height, which is 480 px as a rule.
const TEXT_SIZE = 1 / 26;

const ICONS = {
  camera: "M3 3l18 18M9.5 5l.9-1h3.2l1.5 2H19a2 2 0 012 2v9M17 19H5a2 2 0 01-2-2V8a2 2 0 012-2M9 12a3.5 3.5 0 005 4",
  link: "M2 8.5a14 14 0 0120 0M5.5 12.5a9 9 0 0113 0M9 16.2a4.3 4.3 0 016 0M12 20h.01M3 3l18 18",
  key: "M15 4a5 5 0 11-4.6 7L4 17.4V20h3v-2h2v-2h2l1.2-1.2M16 8h.01",
  wait: "M12 4a8 8 0 108 8M12 8v4l3 2",
};

const element = (id) => document.getElementById(id);

export class Picture {
  #image = element("picture");
  #boxes = element("boxes");
  #marks = new Map();
  #isWatched = false;
  #hasRaw = true;
  #retry = 0;
  #chosen = remembered();

  constructor() {
    for (const radio of document.querySelectorAll("[name=drawing]")) {
      radio.checked = radio.value === this.#chosen;
      radio.addEventListener("change", () => this.#choose(radio.value));
    }
    this.#image.addEventListener("error", () => {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#isWatched && this.watch(), ASK_AGAIN_MS);
    });
    element("snapshot").addEventListener("click", ({ currentTarget }) => {
      const now = new Date();
      const local = new Date(now - 60_000 * now.getTimezoneOffset());
      currentTarget.download = `fer-edge-${local.toISOString().slice(0, 19).replaceAll(/\D/g, "")}.jpg`;
    });
    element("enlarge").hidden = !document.fullscreenEnabled;
    element("enlarge").addEventListener("click", () => element("stage").requestFullscreen());
  }

  get #isDrawnHere() {
    return this.#hasRaw && this.#chosen === "page";
  }

  #choose(drawing) {
    this.#chosen = drawing;
    remember(drawing);
    this.#drawBoxes([]);
    this.watch();
  }

  /** Ask for the stream, or ask again. */
  watch() {
    this.#isWatched = true;
    // The query makes the browser ask anew.
    this.#image.src = `stream?${this.#isDrawnHere ? "raw=1&" : ""}again=${Date.now()}`;
  }

  /** Let go of the stream: the device draws and encodes nothing for a page that nobody sees. */
  leave() {
    this.#isWatched = false;
    clearTimeout(this.#retry);
    this.#image.removeAttribute("src");
    this.#drawBoxes([]);
  }

  show(message) {
    if (message.raw !== this.#hasRaw) {
      this.#hasRaw = message.raw;
      element("drawing").hidden = !message.raw;
      element("hidden-faces").hidden = message.raw;
      this.watch();
    }
    if (message.width) {
      element("stage").style.setProperty("--ratio", `${message.width} / ${message.height}`);
      this.#boxes.setAttribute("viewBox", `0 0 ${message.width} ${message.height}`);
    }
    this.#drawBoxes(this.#isDrawnHere && !message.notice ? message.readings : [], message.height);
  }

  /** Cover the picture with a notice; null takes it away. */
  notify(notice) {
    element("stage").classList.toggle("covered", notice !== null);
    if (notice === null) {
      return;
    }
    element("notice-icon").setAttribute("d", ICONS[notice.icon]);
    element("notice-title").textContent = notice.title;
    element("notice-text").textContent = notice.text;
    const link = element("notice-link");
    link.hidden = !notice.link;
    if (notice.link) {
      [link.href, link.textContent] = notice.link;
    }
  }

  #drawBoxes(readings, height = 0) {
    const present = new Set(readings.map(({ track }) => track));
    for (const [track, mark] of this.#marks) {
      if (!present.has(track)) {
        mark.group.remove();
        this.#marks.delete(track);
      }
    }
    for (const reading of readings) {
      if (!this.#marks.has(reading.track)) {
        this.#marks.set(reading.track, makeMark(this.#boxes, reading.track));
      }
      placeMark(this.#marks.get(reading.track), reading, height * TEXT_SIZE);
    }
  }
}

function makeMark(parent, track) {
  const [group, shade, box, plate, text] = ["g", "rect", "rect", "rect", "text"].map(
    (name) => document.createElementNS(SVG, name));
  shade.setAttribute("class", "shade");
  box.setAttribute("class", "box");
  plate.setAttribute("class", "plate");
  group.style.setProperty("--colour", faceColour(track));
  group.append(shade, box, plate, text);
  parent.append(group);
  return { group, shade, box, plate, text };
}

function placeMark({ group, shade, box, plate, text }, { box: { left, top, width, height }, ...reading }, size) {
  const isUncertain = reading.label === UNCERTAIN;
  group.classList.toggle("uncertain", isUncertain);
  set(shade, { x: left, y: top, width, height, rx: 6 });
  set(box, { x: left, y: top, width, height, rx: 6 });
  text.textContent = isUncertain ? UNCERTAIN : `${reading.label} ${percent(reading.confidence)}`;
  text.style.fontSize = `${size}px`;
  const above = top > 1.6 * size;
  const edge = above ? top - 1.6 * size : top + height + 0.2 * size;
  set(text, { x: left + 0.4 * size, y: edge + 1.1 * size });
  set(plate, { x: left, y: edge, width: text.getComputedTextLength() + 0.8 * size, height: 1.5 * size, rx: 5 });
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED_AS) === "device" ? "device" : "page";
  } catch {
    return "page";  // Where the browser keeps nothing.
  }
}

function remember(drawing) {
  try {
    localStorage.setItem(REMEMBERED_AS, drawing);
  } catch {
    // It is asked for again next time.
  }
}
