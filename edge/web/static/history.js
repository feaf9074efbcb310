// Keeps the readings of the last minutes in a ring of fixed size for each face, so that an open page does not grow.

export const SAMPLE_S = 0.25;
export const MAX_SPAN_S = 600;
// How many faces are kept: a face that comes back has a new number, so the oldest ones are forgotten.
export const MAX_FACES = 12;
// A longer time without the face is a gap.
export const GAP_S = 1;

const CAPACITY = MAX_SPAN_S / SAMPLE_S;

class Ring {
  #times = new Float64Array(CAPACITY);
  #labels = new Int8Array(CAPACITY);
  #probabilities;
  #written = 0;

  constructor(classes) {
    this.classes = classes;
    this.#probabilities = new Float32Array(CAPACITY * classes);
  }

  get newest() {
    return this.#written ? this.#times[(this.#written - 1) % CAPACITY] : -Infinity;
  }

  add(time, label, probabilities) {
    // A sample replaces the newest until SAMPLE_S have passed.
    const isNew = this.#written === 0 || time - this.#times[(this.#written - 1) % CAPACITY] >= SAMPLE_S;
    const at = (this.#written - (isNew ? 0 : 1)) % CAPACITY;
    if (isNew) {
      this.#times[at] = time;
      this.#written += 1;
    }
    this.#labels[at] = label;
    this.#probabilities.set(probabilities, at * this.classes);
  }

  /** The samples from `start` to `end`, oldest first; `label` is an index, or -1 for uncertain. */
  findSamples(start, end) {
    const samples = [];
    for (let index = Math.max(0, this.#written - CAPACITY); index < this.#written; index += 1) {
      const at = index % CAPACITY;
      if (this.#times[at] >= start && this.#times[at] <= end) {
        samples.push({ time: this.#times[at], label: this.#labels[at],
                       probabilities: this.#probabilities.subarray(at * this.classes, (at + 1) * this.classes) });
      }
    }
    return samples;
  }

  copy() {
    const ring = new Ring(this.classes);
    ring.#times.set(this.#times);
    ring.#labels.set(this.#labels);
    ring.#probabilities.set(this.#probabilities);
    ring.#written = this.#written;
    return ring;
  }
}

export class History {
  labels = [];
  #rings = new Map();

  /** `time` is in seconds, on a clock that never goes back. */
  add(readings, time) {
    for (const { track, label, probabilities } of readings) {
      this.labels = Object.keys(probabilities);
      if (this.#rings.get(track)?.classes !== this.labels.length) {
        this.#rings.set(track, new Ring(this.labels.length));
      }
      this.#rings.get(track).add(time, this.labels.indexOf(label), Object.values(probabilities));
    }
    for (const [track, ring] of this.#rings) {
      if (ring.newest < time - MAX_SPAN_S) {
        this.#rings.delete(track);
      }
    }
    while (this.#rings.size > MAX_FACES) {
      this.#rings.delete([...this.#rings].reduce((one, other) => (other[1].newest < one[1].newest ? other : one))[0]);
    }
  }

  /** The faces that were seen last from `start` to `end`, at most `count`, by number, with their samples. */
  findFaces(start, end, count) {
    return [...this.#rings]
      .map(([track, ring]) => ({ track, samples: ring.findSamples(start, end) }))
      .filter(({ samples }) => samples.length > 0)
      .sort((one, other) => other.samples.at(-1).time - one.samples.at(-1).time)
      .slice(0, count)
      .sort((one, other) => one.track - other.track);
  }

  clear() {
    this.#rings.clear();
  }

  copy() {
    const history = new History();
    history.labels = this.labels;
    history.#rings = new Map([...this.#rings].map(([track, ring]) => [track, ring.copy()]));
    return history;
  }
}
