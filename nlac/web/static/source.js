// What lanes load, asked of the server.

import { get, request } from "./ui.js";

/**
 * @param {object} facts of /api/facts
 * @param {() => {ref: string, streams: Map<string, string>}} inside the stream looked into, and all by name
 */
export function serverSource(facts, inside) {
  const traces = new Map();
  const trace = (ref, start, stop, signal) => {
    const key = `${ref} ${start} ${stop}`;
    if (!traces.has(key)) {
      // two lanes may want it: it is not given up when one of them does
      if (traces.size > 8) traces.delete(traces.keys().next().value);
      traces.set(key, get("trace", { ref, start, stop }).catch((error) => { traces.delete(key); throw error; }));
    }
    return traces.get(key);
  };
  return {
    sampleRate: facts.sample_rate, channels: facts.channels, bitsPerSample: facts.bits_per_sample,
    isFloat: facts.is_float, frames: facts.frames,
    async load(feed, start, stop, columns, rows, signal) {
      const [what, which] = feed.split(":"), { ref, streams } = inside();
      if (what === "trace") return trace(which ? streams.get(which) : ref, start, stop, signal);
      if (what === "peaks") {
        return get("peaks", { ref: which === "samples" ? facts.ref : ref, start, stop, columns, kind: which }, signal);
      }
      const width = Math.min(columns, 1600), height = Math.min(512, Math.round(rows * Math.min(2, devicePixelRatio || 1)));
      const answer = await request("spectrogram", { ref: facts.ref, start, stop, width, height, channel: which }, { signal });
      return { bytes: new Uint8Array(await answer.arrayBuffer()), width, height };
    },
  };
}
