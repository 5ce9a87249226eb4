// What lanes show of streams: repetition, bits over time, blocks, segments, orders, value sets, weights.
// The forms of lanes are those of painters.js. Their feeds hold what `nlac.views.trace` tells.

import { series } from "./colours.js";
import { channelName, count, duration, fixed, places } from "./format.js";

const SETS = { plain: "fill", grid: "a", list: "c", soft: "d" };
const EMPTY_HEIGHT = 22, MOST_NAMES = 5;

/** The segment of a channel at a frame. */
export const segmentAt = (trace, frame, channel = 0) =>
  trace.segments.find((s) => s.channel === channel && s.start <= frame && frame < s.start + s.frames);

/** The segment at a frame that has an LTP match. */
export const repetitionAt = (trace, frame) =>
  trace.segments.find((s) => s.lag && s.start <= frame && frame < s.start + s.frames);

/** The block at a frame. */
export const blockAt = (trace, frame) => trace.blocks.find((b) => b.start <= frame && frame < b.start + b.frames);

/** Arcs from passages to where they were before. */
export function repetition(source) {
  return {
    key: "repetition", title: "where this was before", feed: "trace", height: 84, emptyHeight: EMPTY_HEIGHT,
    isEmpty: (feed) => !passages(feed).length,
    note(c, feed) {
      return this.isEmpty(feed) ? ": no earlier passage is used" : `: ${usual(feed, source)} ago`;
    },
    draw(c, feed) { drawArcs(c, passages(feed)); },
    read(c, feed, frame) {
      const found = repetitionAt(feed.data, frame);
      return found ? `was before: ${duration(found.lag / source.sampleRate)} (lag ${count(found.lag)})` : "";
    },
    describe(c, feed) {
      return this.isEmpty(feed) ? "Repetition: none"
        : `Repetition: ${count(passages(feed).length)} passages are predicted from ${usual(feed, source)} before`;
    },
  };
}

/** The lags that hold for longest, in words. */
function usual(feed, source) {
  const frames = new Map();
  for (const { start, stop, lag } of passages(feed)) frames.set(lag, (frames.get(lag) ?? 0) + stop - start);
  const lags = [...frames].sort((one, other) => other[1] - one[1]).map(([lag]) => duration(lag / source.sampleRate));
  return [...new Set(lags)].slice(0, 3).join(", ");
}

/** Spans with one lag: segments of all channels, joined. */
function passages(feed) {
  if (feed.passages) return feed.passages;
  const found = [];
  for (const { start, frames, lag } of feed.data.segments) {
    if (!lag) continue;
    const last = found.findLast((each) => each.lag === lag);
    if (last && start <= last.stop) last.stop = Math.max(last.stop, start + frames);
    else found.push({ start, stop: start + frames, lag });
  }
  return (feed.passages = found);
}

function drawArcs({ g, view, width, height, colours }, found) {
  const seen = found.filter((each) => each.stop > view.start && each.start - each.lag < view.stop);
  const furthest = Math.max(...seen.map((each) => each.lag), 1), rate = view.width / view.span;
  g.strokeStyle = g.fillStyle = colours.b;
  g.lineWidth = 1.3;
  g.beginPath();
  let arcs = 0;
  for (const { start, stop, lag } of seen) {
    // an arc for every 14 pixels of a passage, one at least
    const number = Math.max(1, Math.min(60, Math.floor(((stop - start) * rate) / 14)));
    for (let k = 0; k < number && arcs < 600; k++, arcs++) {
      const right = view.x(start + ((k + 0.5) / number) * (stop - start)), radius = (lag * rate) / 2;
      if (right < 0 || right - 2 * radius > width) continue;
      g.moveTo(right, height - 4);
      g.ellipse(right - radius, height - 4, radius, (height - 10) * Math.sqrt(lag / furthest), 0, 0, Math.PI, true);
    }
  }
  g.globalAlpha = Math.max(0.25, Math.min(0.8, 40 / (arcs + 1)));
  g.stroke();
  // the passages themselves
  g.globalAlpha = 0.8;
  for (const { start, stop } of seen) {
    g.fillRect(view.x(start), height - 4, Math.max(1, view.x(stop) - view.x(start) - 1), 3);
  }
  g.globalAlpha = 1;
}

/** Bits a sample over time, a line for each stream. */
export function bits(source, streams) {
  return {
    key: "bits", title: "bits a sample", feeds: streams.map((name) => `trace:${name}`), height: 96, legend: streams,
    note: (c, ...feeds) => (isKnown(feeds) ? "" : isReading(feeds) ? ": reading\u2026" : ": not known"),
    draw(c, ...feeds) {
      if (!isKnown(feeds)) return;
      const all = feeds.map((feed) => feed && bitsOf(feed));
      const top = niceTop(Math.max(1, ...all.flatMap((each) => each ? each.top : 0)));
      scaleLines(c, top, "bits");
      all.forEach((line, k) => {
        if (!line) return;
        c.g.strokeStyle = series(c.colours)[k % 6];
        c.g.lineWidth = 1.5;
        c.g.beginPath();
        drawSteps(c, line.start, line.step, line.values, (value) => c.height - 3 - (value / top) * (c.height - 14));
        c.g.stroke();
      });
    },
    read(c, ...rest) {
      const frame = rest.at(-2), feeds = rest.slice(0, -2);
      const said = feeds.map((feed, k) => [streams[k], feed && valueAt(bitsOf(feed), frame)]);
      return said.flatMap(([name, value]) => (value == null ? [] : `${name} ${fixed(value, 2)} bits`)).join(", ");
    },
    describe(c, ...feeds) {
      const known = feeds.map((feed, k) => [streams[k], feed && mean(bitsOf(feed).values)])
        .filter(([, value]) => value != null);
      if (!known.length) return "Bits a sample over time: not known yet";
      const means = known.map(([name, value]) => `${name} ${fixed(value, 2)}`).join(", ");
      return `Bits a sample over time; on average here ${means}`;
    },
  };
}

const isKnown = (feeds) => feeds.some((feed) => feed && bitsOf(feed).values.some((value) => value != null));
const isReading = (feeds) => feeds.some((feed) => feed?.data.complete === false);

/** Mean of what is known. */
function mean(values) {
  const known = values.filter((value) => value != null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** Bits a sample over time, over all channels. */
function bitsOf(feed) {
  if (feed.bits) return feed.bits;
  const { start, step, bits: rows } = feed.data;
  // what was not followed yet is null
  const values = rows[0].map((one, i) => (one == null ? null : mean(rows.map((row) => row[i]))));
  return (feed.bits = { start, step, values, top: Math.max(...values) });
}

function valueAt({ start, step, values }, frame) {
  return values[Math.floor((frame - start) / step)];
}

function niceTop(value) {
  return [1, 2, 4, 6, 8, 12, 16, 20, 24, 32].find((top) => top >= value) ?? Math.ceil(value);
}

function scaleLines({ g, width, height, colours }, top, unit) {
  g.font = "10px system-ui, sans-serif";
  g.textBaseline = "top";
  for (const share of [1, 0.5]) {
    const y = Math.round(height - 3 - share * (height - 14)), text = `${top * share}${share === 1 ? ` ${unit}` : ""}`;
    g.fillStyle = colours.line;
    g.fillRect(0, y, width, 1);
    g.fillStyle = colours.soft;
    g.fillText(text, width - g.measureText(text).width - 4, y + 1);
  }
}

/** A line of values that stand for `step` frames each; where many fall on a pixel, their mean. */
function drawSteps({ g, view }, start, step, values, y) {
  const many = Math.max(1, Math.floor((step && view.span / view.width / step) * 1.5));
  const first = Math.max(0, Math.floor((view.start - start) / step / many) - 1) * many;
  const steps = (step / view.span) * view.width > 12;
  for (let i = first; i < values.length && start + i * step < view.stop + many * step; i += many) {
    const value = many > 1 ? mean(values.slice(i, i + many)) : values[i];
    if (value == null) continue;
    const height = y(value);
    if (steps) g.lineTo(view.x(start + i * step), height);
    g.lineTo(view.x(start + (i + (steps ? 1 : many / 2)) * step), height);
  }
}

/** Blocks, and below them the segments of each channel. */
export function structure(source) {
  const row = Math.max(5, Math.min(11, 44 / source.channels));
  return {
    key: "structure", title: "blocks and segments", feed: "trace", height: Math.round(40 + row * source.channels),
    draw(c, { data }) {
      const { g, view, colours } = c;
      g.font = "10px system-ui, sans-serif";
      g.textBaseline = "middle";
      for (const block of data.blocks) {
        const x = view.x(block.start), right = view.x(block.start + block.frames);
        if (right < 0 || x > c.width) continue;
        g.fillStyle = colours.a;
        g.globalAlpha = block.index % 2 ? 0.2 : 0.34;
        g.fillRect(x, 20, Math.max(1, right - x - 1), 14);
        g.globalAlpha = 1;
        const text = `${block.index}  ${block.predictor || block.mode}`, left = Math.max(x, 0) + 5;
        g.fillStyle = colours.ink;
        if (Math.min(right, c.width) - left > g.measureText(text).width + 6) g.fillText(text, left, 27.5);
      }
      g.fillStyle = colours.e;
      const number = Array(source.channels).fill(0);
      for (const segment of data.segments) {
        const odd = number[segment.channel]++ % 2, x = view.x(segment.start);
        const right = view.x(segment.start + segment.frames);
        if (right < 0 || x > c.width) continue;
        g.globalAlpha = odd ? 0.35 : 0.65;
        g.fillRect(x, 38 + row * segment.channel, Math.max(0.6, right - x - (right - x > 4 ? 1 : 0)), row - 1.5);
      }
      g.globalAlpha = 1;
    },
    read(c, { data }, frame) {
      const block = blockAt(data, frame), segment = segmentAt(data, frame);
      if (!block) return "";
      const how = [block.predictor || block.mode, block.coder].filter(Boolean).join(", ");
      return `block ${block.index} (${how}, ${count(block.bytes)} bytes)` +
        (segment ? `, segment of ${count(segment.frames)}${inGranules(segment)}` : "");
    },
    note(c, { data }) {
      if (data.problems?.length) return `: damaged (${places(data.problems)})`;
      return data.segments_left_out ? `, ${count(data.segments_left_out)} small ones left out` : "";
    },
    more: ({ data }) => [...(data.origin?.summary ?? []), ...(data.problems ?? [])],
    describe(c, { data }) {
      return `${count(data.blocks.length)} blocks and ${count(data.segments.length)} segments`;
    },
  };
}

/** The granules that explain a segment, in words. */
const inGranules = ({ granules }) => (granules ? ` in ${count(granules)} granules` : "");

/** Order of the predictor, a line for each channel. */
export function orders(source) {
  const known = (feed) => feed.data.segments.filter((each) => each.order != null);
  return {
    key: "orders", title: "predictor order", feed: "trace", height: 70, emptyHeight: EMPTY_HEIGHT,
    isEmpty: (feed) => !known(feed).length,
    note: (c, feed) => (known(feed).length ? ""
      : feed.data.blocks.some((block) => block.cascade) ? ": none, it adapts to the past"
      : feed.data.segments.some(inGranules) ? ": none, granules are synthesised" : ": none"),
    legend: source.channels === 2 ? ["L", "R"] : [],
    draw(c, feed) {
      const found = known(feed), top = niceOrder(Math.max(4, ...found.map((each) => each.order)));
      scaleLines(c, top, "taps");
      for (let channel = 0; channel < source.channels; channel++) {
        c.g.strokeStyle = series(c.colours)[channel % 6];
        c.g.lineWidth = 1.4;
        c.g.beginPath();
        for (const each of found) {
          if (each.channel !== channel || each.phase) continue;
          const y = c.height - 3 - (each.order / top) * (c.height - 14);
          c.g.lineTo(c.view.x(each.start), y);
          c.g.lineTo(c.view.x(each.start + each.frames), y);
        }
        c.g.stroke();
      }
    },
    read(c, { data }, frame) {
      const orders = [];
      for (let k = 0; k < source.channels; k++) {
        const found = segmentAt(data, frame, k);
        if (found?.order != null) orders.push(found.order);
      }
      return orders.length ? `order ${orders.join(" and ")}` : "";
    },
    describe(c, feed) {
      const found = known(feed).map((each) => each.order);
      return found.length ? `Predictor order from ${Math.min(...found)} to ${Math.max(...found)}`
        : "Predictor order: not told";
    },
  };
}

const niceOrder = (value) => [4, 8, 16, 32, 48, 64, 96, 128, 256, 512, 1024].find((top) => top >= value) ?? value;

/** Value sets: which values samples may have. */
export function valueSets(source) {
  const row = Math.max(5, Math.min(11, 44 / source.channels)), height = Math.round(24 + row * source.channels);
  const kinds = ({ data }) => Object.keys(SETS).filter((kind) => data.segments.some((s) => s.value_set === kind));
  return {
    key: "sets", title: "value sets", feed: "trace", height, emptyHeight: EMPTY_HEIGHT,
    isEmpty: (feed) => kinds(feed).every((kind) => kind === "plain"),
    note: (c, feed) => `: ${kinds(feed).join(", ").replace(/^plain$/, "plain, every value may occur") || "none"}`,
    draw({ g, view, colours, width }, { data }) {
      for (const segment of data.segments) {
        const x = view.x(segment.start), right = view.x(segment.start + segment.frames);
        if (right < 0 || x > width) continue;
        g.fillStyle = colours[SETS[segment.value_set] ?? "edge"];
        g.fillRect(x, 22 + row * segment.channel, Math.max(0.6, right - x), row - 1.5);
      }
    },
    read(c, { data }, frame) {
      const segment = segmentAt(data, frame);
      return segment && segment.value_set !== "plain" ? `value set ${segment.value_set} ${segment.set_index}` : "";
    },
    describe(c, feed) { return `Value sets: ${kinds(feed).join(", ") || "none"}`; },
  };
}

/** What the mixture trusts: around which predictions its parts lie, stacked, of the first channel. */
export function weights() {
  return {
    key: "weights", title: "what the mixture trusts", feed: "trace", height: 86, emptyHeight: EMPTY_HEIGHT,
    isEmpty: (feed) => !trusted(feed).names.length,
    note(c, feed) { return this.isEmpty(feed) ? ": no mixture in these blocks" : ""; },
    legend: (feed) => trusted(feed).names,
    draw(c, feed) {
      const { g, view, height } = c, { columns } = trusted(feed), colours = series(c.colours);
      g.globalAlpha = 0.85;
      columns.forEach(({ start, stop, shares }) => {
        const x = view.x(start), width = view.x(stop) - x;
        if (x > c.width || x + width < 0) return;
        let below = height;
        shares.forEach((share, k) => {
          const tall = share * (height - 22);
          g.fillStyle = colours[k % 6];
          g.fillRect(x, below - tall, width + 0.3, tall + 0.3);
          below -= tall;
        });
      });
      g.globalAlpha = 1;
    },
    read(c, feed, frame) {
      const { names, columns } = trusted(feed);
      const column = columns.find(({ start, stop }) => start <= frame && frame < stop);
      if (!column) return "";
      const most = names.map((name, k) => [name, column.shares[k]]).sort((one, other) => other[1] - one[1]).slice(0, 3);
      return most.filter(([, share]) => share > 0.05).map(([name, share]) => `${name} ${fixed(share, 2)}`).join(", ");
    },
    describe(c, feed) {
      const { names, columns } = trusted(feed);
      const said = names.map((name, k) => `${name} ${fixed(mean(columns.map((each) => each.shares[k])), 2)}`);
      return said.length ? `What the mixture trusts, on average: ${said.join(", ")}`
        : "What the mixture trusts: there is none";
    },
  };
}

/** Shares over time: of the locations that have most, and of all others together. */
function trusted(feed) {
  if (feed.trusted) return feed.trusted;
  const first = feed.data.weights[0]?.channel, sums = new Map();
  const all = feed.data.weights.filter((each) => each.channel === first && !each.phase);
  for (const { names, values } of all) {
    for (const row of values) names.forEach((name, k) => sums.set(name, (sums.get(name) ?? 0) + row[k]));
  }
  const ordered = [...sums].sort((one, other) => other[1] - one[1]).map(([name]) => name);
  const names = ordered.slice(0, MOST_NAMES), columns = [];
  all.forEach((each, number) => {
    const places = each.names.map((name) => (names.includes(name) ? names.indexOf(name) : names.length));
    const end = all[number + 1]?.starts[0] ?? feed.data.stop;
    each.starts.forEach((start, i) => {
      const shares = Array(names.length + (ordered.length > names.length ? 1 : 0)).fill(0);
      each.values[i].forEach((value, k) => { shares[places[k]] += value; });
      columns.push({ start, stop: each.starts[i + 1] ?? end, shares });
    });
  });
  return (feed.trusted = { names: ordered.length > names.length ? [...names, "others"] : names, columns });
}
