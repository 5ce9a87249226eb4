// What lanes load, asked of the server.

import { get, request } from "./ui.js";

/** A few things at a time: what takes the server long must not keep what is quick from coming. */
class Queue {
  constructor(most) { Object.assign(this, { most, running: 0, waiting: [] }); }

  async add(begin) {
    if (this.running >= this.most) await new Promise((go) => this.waiting.push(go));
    this.running++;
    try {
      return await begin();
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}

/**
 * What `Lanes` load.
 * @param {object} facts of /api/facts
 * @param {() => {ref: string, streams: Map<string, string>}} inside the stream looked into, and all by name
 */
export function serverSource(facts, inside) {
  const traces = new Map(), queue = new Queue(2);
  // several lanes want one trace: it is asked for once
  const trace = (ref, start, stop, points, signal) => {
    const key = `${ref} ${start} ${stop} ${points}`, known = traces.get(key);
    if (known && !known.signal?.aborted) return known.answer;
    if (traces.size > 8) traces.delete(traces.keys().next().value);
    const made = { signal };
    made.answer = queue.add(() => {
      signal?.throwIfAborted();
      return get("trace", { ref, start, stop, points }, signal);
    }).then((data) => ({ ...data, exact: data.complete }));
    traces.set(key, made);
    const forget = () => { if (traces.get(key) === made) traces.delete(key); };
    made.answer.then((data) => { if (!data.complete) forget(); }, forget);
    return made.answer;
  };
  return {
    sampleRate: facts.sample_rate, channels: facts.channels, bitsPerSample: facts.bits_per_sample,
    isFloat: facts.is_float, frames: facts.frames,
    async load(feed, start, stop, columns, rows, signal) {
      const [what, which] = feed.split(":"), { ref, streams } = inside();
      if (what === "trace") return trace(which ? streams.get(which) : ref, start, stop, Math.min(columns, 1000),
        signal);
      if (what === "peaks") {
        return get("peaks", { ref: which === "original" ? facts.ref : ref, start, stop, columns, kind: which },
          signal);
      }
      const width = Math.min(columns, 1600), height = Math.min(512,
        Math.round(rows * Math.min(2, devicePixelRatio || 1)));
      const asked = { ref: facts.ref, start, stop, width, height, channel: which };
      const answer = await request("spectrogram", asked, { signal });
      return { bytes: new Uint8Array(await answer.arrayBuffer()), width, height };
    },
  };
}
