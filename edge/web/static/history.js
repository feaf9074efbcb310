// What was read in the last minutes, of each face: rings of a fixed size, so that a page left open does not grow.

export const SAMPLE_S = 0.25;
export const LONGEST_S = 600;
// Faces come and go under new numbers; of more than these the oldest are forgotten.
export const MOST_FACES = 12;
// A face that was away for longer leaves a gap.
export const GAP_S = 1;

const CAPACITY = LONGEST_S / SAMPLE_S;

class Ring {
  #times = new Float64Array(CAPACITY);
  #labels = new Int8Array(CAPACITY);
  #shares;
  #written = 0;

  constructor(classes) {
    this.classes = classes;
    this.#shares = new Float32Array(CAPACITY * classes);
  }

  get newest() {
    return this.#written ? this.#times[(this.#written - 1) % CAPACITY] : -Infinity;
  }

  add(time, label, shares) {
    // The newest sample is replaced until its time is over.
    const isNew = this.#written === 0 || time - this.#times[(this.#written - 1) % CAPACITY] >= SAMPLE_S;
    const at = (this.#written - (isNew ? 0 : 1)) % CAPACITY;
    if (isNew) {
      this.#times[at] = time;
      this.#written += 1;
    }
    this.#labels[at] = label;
    this.#shares.set(shares, at * this.classes);
  }

  /** The samples from `start` to `end`, oldest first: time, index of the label or -1 for uncertain, shares. */
  between(start, end) {
    const samples = [];
    for (let index = Math.max(0, this.#written - CAPACITY); index < this.#written; index += 1) {
      const at = index % CAPACITY;
      if (this.#times[at] >= start && this.#times[at] <= end) {
        samples.push({ time: this.#times[at], label: this.#labels[at],
                       shares: this.#shares.subarray(at * this.classes, (at + 1) * this.classes) });
      }
    }
    return samples;
  }

  copy() {
    const ring = new Ring(this.classes);
    ring.#times.set(this.#times);
    ring.#labels.set(this.#labels);
    ring.#shares.set(this.#shares);
    ring.#written = this.#written;
    return ring;
  }
}

export class History {
  labels = [];
  #rings = new Map();

  /** `time` is in seconds, on any clock that goes forward. */
  add(readings, time) {
    for (const { track, label, probabilities } of readings) {
      this.labels = Object.keys(probabilities);
      if (this.#rings.get(track)?.classes !== this.labels.length) {
        this.#rings.set(track, new Ring(this.labels.length));
      }
      this.#rings.get(track).add(time, this.labels.indexOf(label), Object.values(probabilities));
    }
    for (const [track, ring] of this.#rings) {
      if (ring.newest < time - LONGEST_S) {
        this.#rings.delete(track);
      }
    }
    while (this.#rings.size > MOST_FACES) {
      this.#rings.delete([...this.#rings].reduce((one, other) => (other[1].newest < one[1].newest ? other : one))[0]);
    }
  }

  /** The faces seen from `start` to `end` with their samples, at most `most` of those seen last, by number. */
  faces(start, end, most) {
    return [...this.#rings]
      .map(([track, ring]) => ({ track, samples: ring.between(start, end) }))
      .filter(({ samples }) => samples.length > 0)
      .sort((one, other) => other.samples.at(-1).time - one.samples.at(-1).time)
      .slice(0, most)
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
