// Shows each message of the device, and the picture, which the browser streams by itself.

import { Chart } from "./chart.js";
import { Faces } from "./faces.js";
import { MessageSocket } from "./messages.js";
import { Picture } from "./picture.js";

// An older picture is not live (STALE_PICTURE_S in edge/liveness.py).
const STALE_PICTURE_MS = 3000;

const FAILURES = {
  lost: { status: "reconnecting…", icon: "link", title: "Reconnecting…",
          text: "The device does not answer. This page reconnects by itself." },
  "signed out": { status: "signed out", icon: "key", title: "Signed out",
                  text: "This device asks for its token.", link: ["login", "Sign in"] },
  outdated: { status: "outdated", icon: "wait", title: "The device was updated",
              text: "This page is older than the device's software.", link: ["./", "Reload the page"] },
};

const element = (id) => document.getElementById(id);
const picture = new Picture();
const faces = new Faces();
const chart = new Chart();
const socket = new MessageSocket(showMessage, showFailure);
let isLost = true;
let lastFrame = -1;

function showMessage(message) {
  if (isLost) {
    // The old stream has ended, of which the browser gives no sign.
    isLost = false;
    picture.start();
  }
  if (message.frame !== null && message.frame < lastFrame) {
    // The device was restarted.
    faces.clear();
    chart.clear();
  }
  lastFrame = message.frame ?? lastFrame;
  const notice = findNotice(message);
  const readings = notice ? [] : message.readings;
  picture.show(message);
  picture.showNotice(notice);
  faces.show(readings);
  chart.add(readings);
  showStats(message.figures);
  element("sign-out").hidden = !message.guarded;
  showStatus(notice?.status ?? "live", !notice);
}

/** Why there is no live picture; null when there is one. */
function findNotice({ notice, age_ms: ageMs }) {
  if (notice) {
    return { status: "no camera", icon: "camera", title: "No camera", text: notice.replace(/^no camera: /, "") };
  }
  if (ageMs === null) {
    return { status: "no picture yet", icon: "wait", title: "Waiting for the first picture", text: "" };
  }
  if (ageMs > STALE_PICTURE_MS) {
    const seconds = Math.round(ageMs / 1000);
    return { status: "no picture", icon: "camera", title: "No picture from the camera",
             text: `The last one is ${seconds} s old.` };
  }
  return null;
}

function showFailure(kind) {
  isLost = true;
  picture.stop();
  picture.showNotice(FAILURES[kind]);
  faces.clear();
  element("sign-out").hidden = true;
  for (const value of document.querySelectorAll("#stats dd")) {
    value.textContent = "–";
  }
  showStatus(FAILURES[kind].status, false);
}

function showStats(stats) {
  element("fps").textContent = stats.shown_fps.toFixed(1);
  element("latency").textContent = `${stats.latency_p50_ms.toFixed(0)} ms`;
  element("dropped").textContent = stats.dropped;
  const isKnown = stats.temperature_c !== undefined;
  element("processor").hidden = !isKnown && !stats.throttled;
  element("processor").classList.toggle("throttled", Boolean(stats.throttled));
  element("temperature").textContent = [
    ...(isKnown ? [`${stats.temperature_c.toFixed(0)} °C`] : []), ...(stats.throttled ? ["slowed"] : [])].join(", ");
}

function showStatus(status, isLive) {
  document.body.classList.toggle("lost", !isLive);
  element("connection").className = isLive ? "live" : "lost";
  if (element("connection").textContent !== status) {
    // A screen reader reads it out each time that it is set.
    element("connection").textContent = status;
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    // The device draws, encodes and sends nothing for a hidden page.
    socket.close();
    picture.stop();
    isLost = true;
  } else {
    socket.open();
  }
});
picture.showNotice({ icon: "wait", title: "Connecting…", text: "" });
socket.open();
