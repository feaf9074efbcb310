// A card for each face: its colour, its label with the probability, and a bar for each expression.

import { expressionColour, faceColour, percent, UNCERTAIN } from "./colours.js";

// How long a card stays when its face is gone: the list must not jump when a face is missed in one frame.
const KEEP_MS = 1200;
// The shortest time between two announcements for screen readers.
const ANNOUNCE_EVERY_MS = 5000;

const element = (id) => document.getElementById(id);

function makeElement(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export class Faces {
  #cards = new Map();
  #announcedAt = -Infinity;

  show(readings, now = performance.now()) {
    for (const reading of readings) {
      if (!this.#cards.has(reading.track)) {
        this.#cards.set(reading.track, makeCard(reading));
      }
      updateCard(this.#cards.get(reading.track), reading, now);
    }
    for (const [track, card] of this.#cards) {
      card.item.classList.toggle("gone", card.seenAt < now);
      if (card.seenAt < now - KEEP_MS) {
        card.item.remove();
        this.#cards.delete(track);
      }
    }
    element("nobody").hidden = this.#cards.size > 0;
    this.#announce(readings, now);
  }

  clear() {
    for (const { item } of this.#cards.values()) {
      item.remove();
    }
    this.#cards.clear();
    element("nobody").hidden = false;
  }

  #announce(readings, now) {
    const text = readings.length === 0 ? "No face" : readings.map(
      ({ track, label }) => `Face ${track}: ${label}`).join(", ");
    if (now - this.#announcedAt >= ANNOUNCE_EVERY_MS && element("announcement").textContent !== text) {
      element("announcement").textContent = text;
      this.#announcedAt = now;
    }
  }
}

function makeCard({ track, probabilities }) {
  const item = makeElement("li", "face");
  item.style.setProperty("--face", faceColour(track));
  const title = makeElement("h3", "");
  const [name, label, confidence] = [
    makeElement("span", "name", `Face ${track}`), makeElement("span", "label"), makeElement("b", "confidence")];
  title.append(name, label, confidence);
  item.append(title);
  const bars = new Map();
  for (const [index, expression] of Object.keys(probabilities).entries()) {
    const bar = makeBar(expression, expressionColour(index));
    item.append(bar.row);
    bars.set(expression, bar);
  }
  element("faces").append(item);
  return { item, label, confidence, bars, seenAt: 0 };
}

function makeBar(expression, colour) {
  const [row, meter, fill, value] = [
    makeElement("div", "bar"), makeElement("div", "meter"), makeElement("div", "fill"), makeElement("span", "value")];
  meter.setAttribute("role", "meter");
  meter.setAttribute("aria-label", expression);
  meter.setAttribute("aria-valuemin", "0");
  meter.setAttribute("aria-valuemax", "100");
  fill.style.setProperty("--colour", colour);
  meter.append(fill);
  row.append(makeElement("span", "caption", expression), meter, value);
  return { row, meter, fill, value };
}

function updateCard(card, { label, confidence, probabilities }, now) {
  const isUncertain = label === UNCERTAIN;
  card.seenAt = now;
  card.item.classList.toggle("uncertain", isUncertain);
  card.label.textContent = label;
  // The highest probability means nothing when no expression is clearly ahead.
  card.confidence.textContent = isUncertain ? "" : percent(confidence);
  for (const [expression, probability] of Object.entries(probabilities)) {
    const { row, meter, fill, value } = card.bars.get(expression);
    row.classList.toggle("first", expression === label);
    meter.setAttribute("aria-valuenow", Math.round(100 * probability));
    fill.style.transform = `translateX(${100 * probability - 100}%)`;
    value.textContent = percent(probability);
  }
}
