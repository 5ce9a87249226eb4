// The pictures in a page of its own, with all data in it: no server, no requests.
//
// The page has an element with the id `pictures`, and JSON in a script element with the id `data`:
//   { facts: as of /api/facts, streams: [name, ...], feeds: { name: data, ... } }
// with feeds as lanes.js names them, over the whole recording; bytes of spectrograms are base64.
// Names at the top level of all modules here differ, so that such a page may hold them one after the
// other, without their lines of `import` and the word `export`: format, colours, axis, painters, inside,
// gestures, lanes, plot, histogram, embedded.

import { Histogram } from "./histogram.js";
import { bits, orders, repetition, structure, valueSets, weights } from "./inside.js";
import { Lanes } from "./lanes.js";
import { spectrograms, waveform } from "./painters.js";

/** Show what is embedded. */
export function showEmbedded() {
  const { facts, streams, feeds } = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("pictures"), source = embeddedSource(facts, feeds);
  const high = facts.channels === 1 ? 84 : Math.min(240, 58 * facts.channels);
  const lanes = [repetition(source), waveform(source, "original", "waveform", high)];
  lanes.push(...spectrograms(source, Object.keys(feeds).filter((name) => name.startsWith("spectrogram:")).length, 104));
  lanes.push(bits(source, streams), structure(source), orders(source), valueSets(source), weights(),
    waveform(source, "residual", "residual", Math.round(high * 0.75)));
  new Lanes(root, source, lanes.filter((lane) => [lane.feed, ...(lane.feeds ?? [])].some((name) => feeds[name])),
    { label: `Pictures of ${facts.name}` });
  if (feeds.trace) new Histogram(root).show(feeds.trace.histogram, false, false);
}

function embeddedSource(facts, feeds) {
  for (const [name, feed] of Object.entries(feeds)) {
    if (!name.startsWith("spectrogram")) continue;
    feed.bytes = Uint8Array.from(atob(feed.bytes), (letter) => letter.charCodeAt(0));
  }
  return {
    sampleRate: facts.sample_rate, channels: facts.channels, bitsPerSample: facts.bits_per_sample,
    isFloat: facts.is_float, frames: facts.frames,
    load: async (feed) => ({ start: 0, stop: facts.frames, ...feeds[feed] }),
  };
}
