// The time line: its lanes, its legend, and the values at the cursor.

import { expressionColour, percent, UNCERTAIN } from "./colours.js";
import { GAP_S, History } from "./history.js";
import { formatTime, Layout, paint } from "./lanes.js";

const MAX_LANES = 6;
const DRAW_EVERY_MS = 250;
const VALUES_SHOWN = 4;
const STEP_S = 1;
const LARGE_STEP_S = 10;

const element = (id) => document.getElementById(id);

export class Chart {
  #canvas = element("lanes");
  #live = new History();
  #frozen = null;
  #frozenAt = 0;
  #spanS = Number(element("span").value);
  /** The time and the face whose values are shown, or null. */
  #cursor = null;
  #layout = new Layout(1, [], 0, 1);
  #drawnAt = 0;
  #legend = "";

  constructor() {
    element("span").addEventListener("change", ({ target }) => {
      this.#spanS = Number(target.value);
      this.#moveCursor(null);
    });
    element("pause").addEventListener("click", () => this.#togglePause());
    for (const kind of ["pointermove", "pointerdown"]) {
      this.#canvas.addEventListener(kind, (event) => this.#onPointer(event));
    }
    for (const kind of ["pointerleave", "blur"]) {
      this.#canvas.addEventListener(kind, () => this.#moveCursor(null));
    }
    this.#canvas.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#draw()).observe(element("chart"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  add(readings) {
    this.#live.add(readings, now());
    if (performance.now() - this.#drawnAt >= DRAW_EVERY_MS) {
      this.#draw();
    }
  }

  /** Forget everything: the device was restarted and counts its faces from 1. */
  clear() {
    this.#live.clear();
  }

  #togglePause() {
    [this.#frozen, this.#frozenAt] = this.#frozen ? [null, 0] : [this.#live.copy(), now()];
    element("pause").setAttribute("aria-pressed", String(this.#frozen !== null));
    element("pause").textContent = this.#frozen ? "Resume" : "Pause";
    this.#draw();
  }

  #onPointer({ offsetX, offsetY }) {
    const face = this.#layout.findLane(offsetX, offsetY);
    this.#moveCursor(face ? { time: this.#layout.time(offsetX), track: face.track } : null);
  }

  #onKey(event) {
    const { lanes, start, end } = this.#layout;
    const lane = Math.max(0, lanes.findIndex(({ track }) => track === this.#cursor?.track));
    const from = this.#cursor ?? { time: end, track: lanes[0]?.track };
    const step = event.shiftKey ? LARGE_STEP_S : STEP_S;
    const moves = {
      ArrowLeft: () => ({ ...from, time: from.time - step }),
      ArrowRight: () => ({ ...from, time: from.time + step }),
      ArrowUp: () => ({ ...from, track: lanes[Math.max(0, lane - 1)].track }),
      ArrowDown: () => ({ ...from, track: lanes[Math.min(lanes.length - 1, lane + 1)].track }),
      Home: () => ({ ...from, time: start }),
      End: () => ({ ...from, time: end }),
      Escape: () => null,
    };
    if (event.key === " ") {
      event.preventDefault();
      this.#togglePause();
    } else if (Object.hasOwn(moves, event.key)) {
      event.preventDefault();
      this.#moveCursor(lanes.length ? moves[event.key]() : null);
    }
  }

  #moveCursor(cursor) {
    this.#cursor = cursor;
    this.#draw();
  }

  #draw() {
    this.#drawnAt = performance.now();
    const history = this.#frozen ?? this.#live;
    const end = this.#frozen ? this.#frozenAt : now();
    const start = end - this.#spanS;
    const faces = history.findFaces(start - GAP_S, end, MAX_LANES);
    this.#layout = new Layout(this.#canvas.clientWidth, faces, start, end);
    if (this.#cursor) {
      // The cursor stays in the time that is shown.
      this.#cursor.time = Math.min(end, Math.max(start, this.#cursor.time));
    }
    paint(this.#canvas, this.#layout, history.labels, this.#cursor);
    this.#drawLegend(history.labels);
    this.#showValues(history.labels);
  }

  #drawLegend(labels) {
    if (labels.join() === this.#legend) {
      return;
    }
    this.#legend = labels.join();
    element("legend").replaceChildren(...[...labels, UNCERTAIN].map((label, index) => {
      const item = makeColoured("li", label, expressionColour(index));
      item.classList.toggle("uncertain", label === UNCERTAIN);
      return item;
    }));
  }

  /** Show the values at the cursor, and describe them for screen readers. */
  #showValues(labels) {
    const values = element("values");
    values.hidden = this.#cursor === null;
    this.#canvas.setAttribute("aria-valuemax", this.#spanS);
    if (this.#cursor === null) {
      this.#canvas.setAttribute("aria-valuenow", this.#spanS);
      this.#canvas.setAttribute("aria-valuetext", "now");
      return;
    }
    const { time, track } = this.#cursor;
    const sample = findSample(this.#layout.lanes.find((face) => face.track === track)?.samples ?? [], time);
    const title = `Face ${track}, ${formatTime(time)}`;
    const shown = sample ? labels[sample.label] ?? UNCERTAIN : "not seen";
    const highest = !sample ? [] : labels
      .map((label, index) => ({ probability: sample.probabilities[index], colour: expressionColour(index),
                                text: `${label} ${percent(sample.probabilities[index])}` }))
      .sort((one, other) => other.probability - one.probability).slice(0, VALUES_SHOWN);
    this.#canvas.setAttribute("aria-valuenow", Math.round(time - this.#layout.start));
    const description = [`${title}: ${shown}`, ...highest.map(({ text }) => text)].join(", ");
    this.#canvas.setAttribute("aria-valuetext", description);
    values.replaceChildren(makeColoured("strong", title), makeColoured("em", shown),
                           ...highest.map(({ text, colour }) => makeColoured("span", text, colour)));
    const x = this.#layout.x(time);
    values.style.transform = x > this.#layout.width / 2
      ? `translate(${x - 12}px, 4px) translateX(-100%)` : `translate(${x + 12}px, 4px)`;
  }
}

/** The sample nearest to `time`, or undefined where the face was not seen then. */
function findSample(samples, time) {
  const distance = (sample) => Math.abs(sample.time - time);
  const nearest = samples.reduce((best, sample) => (best && distance(best) <= distance(sample) ? best : sample),
                                 undefined);
  return nearest && distance(nearest) <= GAP_S ? nearest : undefined;
}

function makeColoured(name, text, colour = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.style.setProperty("--colour", colour);
  return made;
}

/** Seconds since 1970, on a clock that never goes back. */
function now() {
  return (performance.timeOrigin + performance.now()) / 1000;
}
