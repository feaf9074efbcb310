// The colours of faces and of expressions, which the device sends, and how a probability is written.

import { EXPRESSIONS, TRACKS, UNCERTAIN } from "./palette.js";

export { UNCERTAIN };

/** A face has the same colour here and in the picture that the device draws on. */
export function faceColour(track) {
  return TRACKS[(track ?? 0) % TRACKS.length];
}

/** The colour of the class at `index` of the model. */
export function expressionColour(index) {
  return EXPRESSIONS[index % EXPRESSIONS.length];
}

export function percent(probability) {
  return `${Math.round(100 * probability)} %`;
}
