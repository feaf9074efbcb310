// The live picture, with boxes that the device or this page draws, or a notice when there is no picture.

import { faceColour, percent, UNCERTAIN } from "./colours.js";

const SVG = "http://www.w3.org/2000/svg";
const STORAGE_KEY = "fer-edge drawing";
const RETRY_MS = 1000;
// As a share of the picture's height, which is usually 480 px.
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
  #isStarted = false;
  #hasRaw = true;
  #retry = 0;
  #drawer = readChoice();

  constructor() {
    for (const radio of document.querySelectorAll("[name=drawing]")) {
      radio.checked = radio.value === this.#drawer;
      radio.addEventListener("change", () => this.#choose(radio.value));
    }
    this.#image.addEventListener("error", () => {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#isStarted && this.start(), RETRY_MS);
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
    return this.#hasRaw && this.#drawer === "page";
  }

  #choose(drawer) {
    this.#drawer = drawer;
    saveChoice(drawer);
    this.#drawBoxes([]);
    this.start();
  }

  /** Request the stream, also if it was requested before. */
  start() {
    this.#isStarted = true;
    // The query makes the browser send a new request.
    this.#image.src = `stream?${this.#isDrawnHere ? "raw=1&" : ""}again=${Date.now()}`;
  }

  /** End the stream: the device draws and encodes nothing for a hidden page. */
  stop() {
    this.#isStarted = false;
    clearTimeout(this.#retry);
    this.#image.removeAttribute("src");
    this.#drawBoxes([]);
  }

  show(message) {
    if (message.raw !== this.#hasRaw) {
      this.#hasRaw = message.raw;
      element("drawing").hidden = !message.raw;
      element("hidden-faces").hidden = message.raw;
      this.start();
    }
    if (message.width) {
      element("stage").style.setProperty("--ratio", `${message.width} / ${message.height}`);
      this.#boxes.setAttribute("viewBox", `0 0 ${message.width} ${message.height}`);
    }
    this.#drawBoxes(this.#isDrawnHere && !message.notice ? message.readings : [], message.height);
  }

  /** Cover the picture with a notice; null uncovers it. */
  showNotice(notice) {
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
      updateMark(this.#marks.get(reading.track), reading, height * TEXT_SIZE);
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

function updateMark({ group, shade, box, plate, text }, { box: { left, top, width, height }, ...reading }, size) {
  const isUncertain = reading.label === UNCERTAIN;
  group.classList.toggle("uncertain", isUncertain);
  setAttributes(shade, { x: left, y: top, width, height, rx: 6 });
  setAttributes(box, { x: left, y: top, width, height, rx: 6 });
  text.textContent = isUncertain ? UNCERTAIN : `${reading.label} ${percent(reading.confidence)}`;
  text.style.fontSize = `${size}px`;
  const isAbove = top > 1.6 * size;
  const edge = isAbove ? top - 1.6 * size : top + height + 0.2 * size;
  setAttributes(text, { x: left + 0.4 * size, y: edge + 1.1 * size });
  const plateWidth = text.getComputedTextLength() + 0.8 * size;
  setAttributes(plate, { x: left, y: edge, width: plateWidth, height: 1.5 * size, rx: 5 });
}

function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
}

function readChoice() {
  try {
    return localStorage.getItem(STORAGE_KEY) === "device" ? "device" : "page";
  } catch {
    return "page";  // The browser has no storage for this page.
  }
}

function saveChoice(drawer) {
  try {
    localStorage.setItem(STORAGE_KEY, drawer);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}
