// The colours of faces and of expressions, and how a share is written.

// The overlay's palette: a face has the same colour in the picture and here.
const PALETTE = ["#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];

// Neighbours in the list differ for all kinds of colour vision; a model's other labels take them in turn.
const EXPRESSIONS = new Map([
  ["angry", "#d1495b"], ["disgust", "#7a9e3f"], ["fear", "#8b6fd6"], ["happy", "#f2b134"],
  ["sad", "#4a8fd8"], ["surprise", "#24a89a"], ["neutral", "#98a2ae"],
]);

export const UNCERTAIN = "uncertain";

export function faceColour(track) {
  return PALETTE[(track ?? 0) % PALETTE.length];
}

/** The colour of `label`, the one at `index` of its model. */
export function expressionColour(label, index) {
  return EXPRESSIONS.get(label) ?? [...EXPRESSIONS.values()][index % EXPRESSIONS.size];
}

export function percent(probability) {
  return `${Math.round(100 * probability)} %`;
}
