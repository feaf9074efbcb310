// Draws the lanes of the time line: a lane for each face, in which the probabilities are stacked over time.

import { expressionColour, faceColour } from "./colours.js";
import { GAP_S, SAMPLE_S } from "./history.js";

const LANE_PX = 64;
// The strip above the probabilities has the colour of the label.
const STRIP_PX = 6;
const UNCERTAIN_PX = 2;
const GAP_PX = 16;
const AXIS_PX = 24;
const LEFT_PX = 74;
const RIGHT_PX = 10;
// The shortest distance between two times on the axis.
const TICK_PX = 84;
const TICKS_S = [5, 10, 15, 30, 60, 120, 300];

/** The layout of a canvas of `width` px that shows `lanes` from `start` to `end`, s. */
export class Layout {
  constructor(width, lanes, start, end) {
    Object.assign(this, { width, lanes, start, end });
    this.plotPx = Math.max(1, width - LEFT_PX - RIGHT_PX);
    this.bottom = Math.max(1, lanes.length) * (LANE_PX + GAP_PX);
    this.height = this.bottom + AXIS_PX;
  }

  x(time) {
    return LEFT_PX + this.plotPx * (time - this.start) / (this.end - this.start);
  }

  time(x) {
    return this.start + (this.end - this.start) * (x - LEFT_PX) / this.plotPx;
  }

  top(lane) {
    return lane * (LANE_PX + GAP_PX);
  }

  /** The lane at `y`, or undefined where there is none. */
  findLane(x, y) {
    return x < LEFT_PX ? undefined : this.lanes[Math.min(this.lanes.length - 1, Math.floor(y / (LANE_PX + GAP_PX)))];
  }
}

/** Paint `layout` on `canvas`, whose style sets the font and the colours of text, lines and uncertainty. */
export function paint(canvas, layout, labels, cursor) {
  const context = prepareCanvas(canvas, layout);
  const style = getComputedStyle(canvas);
  const colours = { ink: style.color, line: style.borderTopColor };
  context.font = `12px ${style.fontFamily}`;
  paintTimes(context, layout, colours);
  for (const [lane, face] of layout.lanes.entries()) {
    paintFace(context, layout, face, layout.top(lane), labels, colours);
    paintAxis(context, layout, face.track, layout.top(lane), colours, style.fontFamily);
  }
  if (cursor !== null) {
    paintCursor(context, layout, cursor, colours);
  }
}

export function formatTime(time) {
  return new Date(1000 * time).toLocaleTimeString("en-GB");
}

function prepareCanvas(canvas, { width, height }) {
  canvas.style.height = `${height}px`;
  const [columns, rows] = [width, height].map((length) => Math.round(length * devicePixelRatio));
  if (canvas.width !== columns || canvas.height !== rows) {
    [canvas.width, canvas.height] = [columns, rows];
  }
  const context = canvas.getContext("2d");
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function paintTimes(context, layout, { ink, line }) {
  const least = TICK_PX * (layout.end - layout.start) / layout.plotPx;
  const step = TICKS_S.find((seconds) => seconds >= least) ?? TICKS_S.at(-1);
  context.textAlign = "center";
  for (let time = Math.ceil(layout.start / step) * step; time <= layout.end; time += step) {
    context.fillStyle = line;
    context.fillRect(layout.x(time), 0, 1, layout.bottom);
    context.fillStyle = ink;
    if (layout.x(time) < layout.width - TICK_PX / 3) {
      context.fillText(formatTime(time), layout.x(time), layout.bottom + 16);
    }
  }
  if (layout.lanes.length === 0) {
    context.fillText("No face in this time.", LEFT_PX + layout.plotPx / 2, LANE_PX / 2);
  }
}

function paintAxis(context, layout, track, top, { ink, line }, family) {
  const bottom = top + LANE_PX;
  context.fillStyle = line;
  context.fillRect(LEFT_PX, bottom, layout.plotPx, 1);
  context.fillStyle = faceColour(track);
  context.fillRect(0, top + STRIP_PX + 2, 4, LANE_PX - STRIP_PX - 2);
  context.fillStyle = ink;
  context.font = `12px ${family}`;
  context.textAlign = "left";
  context.fillText(`Face ${track}`, 10, top + LANE_PX / 2 + 8);
  context.font = `10px ${family}`;
  context.textAlign = "right";
  context.fillText("100 %", LEFT_PX - 4, top + STRIP_PX + 10);
  context.fillText("0 %", LEFT_PX - 4, bottom);
}

function paintFace(context, layout, { samples }, top, labels, { ink }) {
  context.save();
  context.beginPath();
  context.rect(LEFT_PX, top, layout.plotPx, LANE_PX);
  context.clip();
  for (const run of splitAtGaps(samples)) {
    paintProbabilities(context, layout, run, top + STRIP_PX + 2, top + LANE_PX, labels);
    paintStrip(context, layout, run, top, ink);
  }
  context.restore();
}

/** The probabilities of one run of samples, each a band on top of those before it. */
function paintProbabilities(context, layout, run, top, bottom, labels) {
  const end = layout.x(run.at(-1).time + SAMPLE_S);
  const floors = new Float32Array(run.length);
  const y = (at) => bottom - floors[at] * (bottom - top);
  for (const index of labels.keys()) {
    context.beginPath();
    run.forEach(({ time }, at) => context.lineTo(layout.x(time), y(at)));
    context.lineTo(end, y(run.length - 1));
    run.forEach(({ probabilities }, at) => { floors[at] += probabilities[index]; });
    context.lineTo(end, y(run.length - 1));
    for (let at = run.length - 1; at >= 0; at -= 1) {
      context.lineTo(layout.x(run[at].time), y(at));
    }
    context.fillStyle = expressionColour(index);
    context.fill();
  }
}

function paintStrip(context, layout, run, top, ink) {
  for (const [at, { time, label }] of run.entries()) {
    const isUncertain = label < 0;
    const [left, right] = [time, run[at + 1]?.time ?? time + SAMPLE_S].map((moment) => layout.x(moment));
    context.fillStyle = isUncertain ? ink : expressionColour(label);
    // Half a pixel wider, so that no seam shows between neighbours.
    context.fillRect(left, isUncertain ? top + UNCERTAIN_PX : top, right - left + 0.5,
                     isUncertain ? UNCERTAIN_PX : STRIP_PX);
  }
}

function paintCursor(context, layout, { time, track }, { ink }) {
  const lane = layout.lanes.findIndex((face) => face.track === track);
  context.fillStyle = ink;
  context.fillRect(layout.x(time) - 0.5, 0, 1, layout.bottom);
  if (lane >= 0) {
    context.strokeStyle = ink;
    context.strokeRect(LEFT_PX + 0.5, layout.top(lane) + 0.5, layout.plotPx - 1, LANE_PX);
  }
}

/** `samples` in runs without a gap between them. */
function splitAtGaps(samples) {
  const runs = [];
  for (const sample of samples) {
    if (runs.length === 0 || sample.time - runs.at(-1).at(-1).time > GAP_S) {
      runs.push([]);
    }
    runs.at(-1).push(sample);
  }
  return runs;
}
