// The page shows what /events says, and the picture, which the browser streams by itself.

import { Chart } from "./chart.js";
import { Messages } from "./messages.js";
import { Faces } from "./faces.js";
import { Picture } from "./picture.js";

// A picture older than this is no live one.
const OLDEST_MS = 3000;

const TROUBLES = {
  lost: { status: "reconnecting…", icon: "link", title: "Reconnecting…",
          text: "The device does not answer. This page goes on by itself when it does." },
  "signed out": { status: "signed out", icon: "key", title: "Signed out",
                  text: "This device asks for its token.", link: ["login", "Sign in"] },
  outdated: { status: "outdated", icon: "wait", title: "The device was updated",
              text: "This page is older than its software.", link: ["./", "Load it anew"] },
};

const element = (id) => document.getElementById(id);
const picture = new Picture();
const faces = new Faces();
const chart = new Chart();
const messages = new Messages(show, trouble);
let isLost = true;
let lastFrame = -1;

function show(message) {
  if (isLost) {
    // The old stream has ended, which the browser does not tell.
    isLost = false;
    picture.watch();
  }
  if (message.frame !== null && message.frame < lastFrame) {
    faces.clear();
    chart.clear();
  }
  lastFrame = message.frame ?? lastFrame;
  const notice = noticeOf(message);
  const readings = notice ? [] : message.readings;
  picture.show(message);
  picture.notify(notice);
  faces.show(readings);
  chart.add(readings);
  showFigures(message.figures);
  element("leave").hidden = !message.guarded;
  say(notice?.status ?? "live", !notice);
}

/** What is wrong with the picture of `message`, or null. */
function noticeOf({ notice, age_ms: ageMs }) {
  if (notice) {
    return { status: "no camera", icon: "camera", title: "No camera", text: notice.replace(/^no camera: /, "") };
  }
  if (ageMs === null) {
    return { status: "no picture yet", icon: "wait", title: "Waiting for the first picture", text: "" };
  }
  if (ageMs > OLDEST_MS) {
    const seconds = Math.round(ageMs / 1000);
    return { status: "no picture", icon: "camera", title: "No picture from the camera",
             text: `The last one is ${seconds} s old.` };
  }
  return null;
}

function trouble(kind) {
  isLost = true;
  picture.leave();
  picture.notify(TROUBLES[kind]);
  faces.clear();
  element("leave").hidden = true;
  for (const figure of document.querySelectorAll("#figures dd")) {
    figure.textContent = "–";
  }
  say(TROUBLES[kind].status, false);
}

function showFigures(figures) {
  element("fps").textContent = figures.shown_fps.toFixed(1);
  element("latency").textContent = `${figures.latency_p50_ms.toFixed(0)} ms`;
  element("dropped").textContent = figures.dropped;
  const isKnown = figures.temperature_c !== undefined;
  element("warmth").hidden = !isKnown && !figures.throttled;
  element("warmth").classList.toggle("throttled", Boolean(figures.throttled));
  element("temperature").textContent = [
    ...(isKnown ? [`${figures.temperature_c.toFixed(0)} °C`] : []), ...(figures.throttled ? ["slowed"] : [])].join(", ");
}

function say(status, isLive) {
  document.body.classList.toggle("lost", !isLive);
  element("connection").className = isLive ? "live" : "lost";
  if (element("connection").textContent !== status) {
    // Only a change is read out.
    element("connection").textContent = status;
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    // Nothing is drawn, encoded or sent for a page that nobody sees.
    messages.close();
    picture.leave();
    isLost = true;
  } else {
    messages.open();
  }
});
picture.notify({ icon: "wait", title: "Connecting…", text: "" });
messages.open();
