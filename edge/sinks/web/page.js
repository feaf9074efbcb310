"use strict";

// The page shows what /state says, twice a second, and the picture, which the browser streams by itself.

const PERIOD_MS = 500;
// A picture older than this is no live one.
const OLDEST_MS = 3000;
// The overlay's palette: a face has the same colour in the picture and here.
const PALETTE = ["#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];

const element = (id) => document.getElementById(id);
const cards = new Map();
let isLost = false;
let polledAt = Date.now();

function percent(probability) {
  return `${Math.round(100 * probability)} %`;
}

function makeCard(reading) {
  const card = document.createElement("li");
  card.className = "face";
  const title = document.createElement("h3");
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.backgroundColor = PALETTE[reading.track % PALETTE.length];
  const label = document.createElement("span");
  const confidence = document.createElement("b");
  title.append(swatch, label, confidence);
  card.append(title);
  const bars = new Map();
  for (const name of Object.keys(reading.probabilities)) {
    const row = document.createElement("div");
    row.className = "bar";
    const [caption, value] = [document.createElement("span"), document.createElement("span")];
    const meter = document.createElement("meter");
    caption.textContent = name;
    meter.setAttribute("aria-label", name);
    row.append(caption, meter, value);
    card.append(row);
    bars.set(name, { meter, value });
  }
  element("faces").append(card);
  return { card, label, confidence, bars };
}

function showReading(reading) {
  if (!cards.has(reading.track)) {
    cards.set(reading.track, makeCard(reading));
  }
  const { card, label, confidence, bars } = cards.get(reading.track);
  card.classList.toggle("uncertain", reading.label === "uncertain");
  label.textContent = reading.label;
  confidence.textContent = percent(reading.confidence);
  for (const [name, probability] of Object.entries(reading.probabilities)) {
    bars.get(name).meter.value = probability;
    bars.get(name).value.textContent = percent(probability);
  }
}

function show(state) {
  const present = new Set(state.readings.map((reading) => reading.track));
  for (const [track, { card }] of cards) {
    if (!present.has(track)) {
      card.remove();
      cards.delete(track);
    }
  }
  state.readings.forEach(showReading);
  element("nobody").hidden = present.size > 0;
  element("fps").textContent = state.figures.shown_fps.toFixed(1);
  element("latency").textContent = `${state.figures.latency_p50_ms.toFixed(0)} ms`;
  element("dropped").textContent = state.figures.dropped;
}

function askForPicture() {
  if (!document.hidden) {
    // The query makes the browser ask anew.
    element("picture").src = `stream?again=${Date.now()}`;
  }
}

function showConnection(text) {
  const isLive = text === "live";
  if (isLive && isLost) {
    // The old stream has ended, which the browser does not tell.
    askForPicture();
  }
  isLost = !isLive;
  document.body.classList.toggle("lost", isLost);
  element("connection").className = isLive ? "live" : "lost";
  if (element("connection").textContent !== text) {
    // Only a change is read out.
    element("connection").textContent = text;
  }
}

async function poll() {
  // The server lets go of a browser that slept, and of a device that did.
  isLost ||= Date.now() - polledAt > OLDEST_MS;
  polledAt = Date.now();
  if (!document.hidden) {
    try {
      const response = await fetch("state", { signal: AbortSignal.timeout(4 * PERIOD_MS) });
      const state = await response.json();
      show(state);
      const isFresh = state.age_ms !== null && state.age_ms < OLDEST_MS;
      showConnection(isFresh ? "live" : "no picture from the camera");
    } catch (error) {
      showConnection("no connection");
    }
  }
  setTimeout(poll, PERIOD_MS);
}

element("picture").addEventListener("error", () => setTimeout(askForPicture, PERIOD_MS));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    // Nothing is drawn for a page that nobody sees; the first poll after that asks for the picture again.
    element("picture").removeAttribute("src");
    isLost = true;
  }
});
poll();
