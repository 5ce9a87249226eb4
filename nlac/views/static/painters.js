// What lanes show of the sound itself: waveforms and spectrograms. Every lane is
//   { key, title, feed, height, draw(c, feed), read(c, feed, frame, y), describe(c, feed) }
// where `c` has g, view, width, height, colours, source, gain, and `feed` the data of some span.

import { spectrogramPicture, decibels } from "./colours.js";
import { channelName, count, fixed, frequency, places } from "./format.js";

const fullScale = (source) => (source.isFloat ? 1 : 2 ** (source.bitsPerSample - 1));
const toDecibels = (value, source) => 20 * Math.log10(value / fullScale(source));
const told = (value, source) => {
  if (value == null) return "not finite";
  return source.isFloat ? fixed(value, 5) : count(value);
};
/** Whether nothing is known of a column, or a sample; of floats, null also stands for what is not finite. */
const isGap = (data, channel, i, source) => {
  if ((data.samples ?? data.low)[channel][i] != null || data.high?.[channel][i] != null) return false;
  return !source.isFloat || (data.known ? !data.known[i] : Boolean(data.damage?.length));
};

/** A waveform: peaks, or where there is room for them single samples. */
export function waveform(source, kind, title, height, colour = kind === "original" ? "a" : "d") {
  return {
    key: `wave-${kind}`, title, feed: `peaks:${kind}`, height, peak: 0, colour,
    note(c, feed) {
      const { exact, complete, progress = 0, damage } = feed.data;
      const isReading = exact === false && !complete && progress < 1;
      const reading = isReading ? `, reading: ${Math.min(99, Math.round(100 * progress))}\u2009%` : "";
      const silent = damage?.length ? `, silent where it is damaged (${places(damage)})` : "";
      return levelOf(this, feed, source) + reading + silent;
    },
    more: (feed) => feed.data.damage ?? [],
    draw(c, feed) { drawWaveform(this, c, feed); },
    read(c, feed, frame) {
      const values = valuesAt(feed, frame, source);
      if (!values?.length) return "";
      const name = kind === "original" ? "" : `${title} `;
      return name + values.map(([low, high], k) => `${channelName(k, source.channels)} ` +
        (low === high ? told(low, source) : `${told(low, source)} to ${told(high, source)}`)).join(", ");
    },
    describe(c, feed) {
      return `${title}, ${source.channels} channel${source.channels > 1 ? "s" : ""}${this.note(c, feed)}`;
    },
  };
}

/** The level of what was seen, in words. */
function levelOf(lane, { data }, source) {
  const rows = [...(data.samples ?? data.low), ...(data.high ?? [])], channels = (data.samples ?? data.low).length;
  const isOdd = (row, k) => row.some((value, i) => value == null && !isGap(data, k % channels, i, source));
  if (source.isFloat && rows.some(isOdd)) return ", peak not finite";
  if (lane.peak) return `, peak ${fixed(toDecibels(lane.peak, source), 1)} dBFS`;
  return rows.some((row) => row.some((value) => value != null)) ? ", silent" : "";
}

/** Lowest and highest value of each channel at a frame; null where nothing is known. */
export function valuesAt({ data, start, stop }, frame, source) {
  if (frame < start || frame >= stop) return null;
  const lows = data.samples ?? data.low, columns = lows[0].length, at = data.samples ? Math.floor(frame) - start
    : Math.min(columns - 1, Math.floor(((frame - start) / (stop - start)) * columns));
  if (isGap(data, 0, at, source)) return null;
  return lows.map((row, k) => [row[at], (data.high?.[k] ?? row)[at]]);
}

function drawWaveform(lane, c, feed) {
  const { g, view, source } = c, { data, start, stop } = feed;
  const lows = data.samples ?? data.low, highs = data.samples ?? data.high;
  for (const row of lows) for (const value of row) lane.peak = Math.max(lane.peak, -value);
  for (const row of highs) for (const value of row) lane.peak = Math.max(lane.peak, value);
  const one = c.height / lows.length, scale = (one / 2 - 2) * c.gain / (lane.peak || 1);
  lows.forEach((low, k) => {
    const middle = one * (k + 0.5), y = (value) => middle - Math.min(one / 2 - 1,
      Math.max(1 - one / 2, value * scale));
    g.fillStyle = c.colours.line;
    g.fillRect(0, Math.round(middle), c.width, 1);
    g.fillStyle = g.strokeStyle = c.colours[lane.colour];
    if (data.samples) drawSamples(g, view, low, start, y, middle);
    else {
      const step = (stop - start) / low.length, high = highs[k];
      const first = Math.max(0, Math.floor((view.start - start) / step) - 1);
      const last = Math.min(low.length, Math.ceil((view.stop - start) / step) + 1);
      g.beginPath();
      for (let i = first; i < last; i++) {
        // what is not known, and what is not finite, is a gap
        if (low[i] == null || high[i] == null) continue;
        const x = view.x(start + i * step), right = view.x(start + (i + 1) * step), top = y(high[i]);
        g.rect(x, top - 0.5, right - x + 0.1, Math.max(1, y(low[i]) - top + 1));
      }
      g.fill();
    }
    if (lows.length > 1) {
      g.fillStyle = c.colours.soft;
      g.font = "10px system-ui, sans-serif";
      g.textBaseline = "alphabetic";
      g.fillText(channelName(k, source.channels), c.width - 4 - g.measureText(channelName(k, source.channels)).width,
        one * (k + 1) - 4);
    }
  });
}

function drawSamples(g, view, values, start, y, middle) {
  const each = view.width / view.span;
  g.lineWidth = 1.2;
  g.beginPath();
  values.forEach((value, i) => {
    if (value == null) return;
    const x = view.x(start + i + 0.5);
    if (values[i - 1] == null) g.moveTo(x, y(value));
    else g.lineTo(x, y(value));
  });
  g.stroke();
  if (each < 5) return;
  for (let i = 0; i < values.length; i++) {
    if (values[i] == null) continue;
    const x = view.x(start + i + 0.5), top = y(values[i]), radius = Math.min(4, each / 4);
    g.globalAlpha = 0.3;
    g.fillRect(x - 0.5, Math.min(top, middle), 1, Math.abs(top - middle));
    g.globalAlpha = 1;
    g.beginPath();
    g.arc(x, top, radius, 0, 7);
    g.fill();
  }
}

/** Spectrograms of the first channels, from 0 to the Nyquist frequency. */
export function spectrograms(source, most, height) {
  const { channels } = source, number = Math.min(channels, most);
  const title = number < channels ? `spectrograms of the first ${number} of ${channels} channels:` : "spectrogram";
  return Array.from({ length: number }, (_, k) => spectrogram(source, k, height, k ? "spectrogram" : title));
}

function spectrogram(source, channel, height, title) {
  const nyquist = source.sampleRate / 2, name = source.channels > 1 ? ` ${channelName(channel, source.channels)}`
    : "";
  return {
    key: `spectrogram-${channel}`, title: `${title}${name}, 0 to ${frequency(nyquist)}`,
      feed: `spectrogram:${channel}`, height,
    draw(c, feed) {
      const { bytes, width, height: rows } = feed.data;
      if (feed.dark !== c.colours.dark || !feed.picture) {
        feed.picture = spectrogramPicture(bytes, width, rows, c.colours.dark);
        feed.dark = c.colours.dark;
      }
      c.g.imageSmoothingEnabled = feed.stop - feed.start > 0;
      c.g.drawImage(feed.picture, c.view.x(feed.start), 0, c.view.x(feed.stop) - c.view.x(feed.start), c.height);
    },
    read(c, feed, frame, y) {
      if (y == null || frame < feed.start || frame >= feed.stop) return "";
      const { bytes, width, height: rows } = feed.data;
      const row = Math.min(rows - 1, Math.max(0, Math.floor((y / c.height) * rows)));
      const column = Math.min(width - 1, Math.floor(((frame - feed.start) / (feed.stop - feed.start)) * width));
      return `${frequency((1 - y / c.height) * nyquist)} ${fixed(decibels(bytes[row * width + column]), 0)} dB`;
    },
    describe() { return this.title; },
  };
}
