// Numbers, times and sizes as text.

const WHOLE = new Intl.NumberFormat("en");

/** An integer with separators, and a true minus. */
export function count(value) {
  return value == null ? "" : WHOLE.format(Math.round(value)).replace("-", "\u2212");
}

/** A number with as many decimals as told, and a true minus. */
export function fixed(value, decimals = 2) {
  return value == null || !isFinite(value) ? "" : value.toFixed(decimals).replace("-", "\u2212");
}

/** A share as a percentage. */
export function percent(share, decimals = 2) {
  return share == null ? "" : `${fixed(100 * share, decimals)}\u2009%`;
}

const TENTHS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Bytes as the server's messages tell them, in MB; few of them in kB or bytes. */
export function size(bytes) {
  if (bytes == null) return "";
  if (bytes < 1000) return `${count(bytes)} bytes`;
  return bytes < 999_950 ? `${TENTHS.format(bytes / 1e3)} kB` : `${TENTHS.format(bytes / 1e6)} MB`;
}

/** What a smaller size saves of a larger one. */
export function saving(bytes, before) {
  return bytes > before ? "larger" : percent(1 - bytes / before, 1);
}

/** How many places of damage there are. */
export const places = ({ length }) => `${count(length)} place${length > 1 ? "s" : ""}`;

/** A name within other text, whose letters and controls cannot turn that around. */
export const isolated = (name) => `\u2068${name}\u2069`;

/** Seconds as h:mm:ss, with decimals. */
export function time(seconds, decimals = 0) {
  const scale = 10 ** decimals;
  let rest = Math.round(Math.abs(seconds) * scale);
  const part = rest % scale;
  rest = Math.floor(rest / scale);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(rest / 3600), minutes = Math.floor(rest / 60) % 60;
  const head = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  const tail = decimals ? `.${String(part).padStart(decimals, "0")}` : "";
  return `${seconds < 0 ? "\u2212" : ""}${head}:${two(rest % 60)}${tail}`;
}

/** How long something took or lasts. */
export function duration(seconds) {
  if (seconds == null) return "";
  if (seconds < 0.0995) return `${fixed(seconds * 1000, 0)} ms`;
  return seconds < 60 ? `${fixed(seconds, seconds < 10 ? 2 : 1)} s` : `${time(seconds)} min`;
}

/** A speed relative to real time. */
export function speed(times) {
  return times == null ? "" : `${times < 10 ? fixed(times, 1) : count(times)}\u2009×`;
}

/** A frequency. */
export function frequency(hertz) {
  return hertz >= 1000 ? `${+(hertz / 1000).toFixed(2)} kHz` : `${Math.round(hertz)} Hz`;
}

/** What a recording is, in words. */
export function format(facts) {
  const channels = { 1: "mono", 2: "stereo" }[facts.channels] ?? `${facts.channels} channels`;
  const depth = facts.is_float ? `${facts.bits_per_sample}-bit float` : `${facts.bits_per_sample} bits`;
  return `${+(facts.sample_rate / 1000).toFixed(3)} kHz, ${channels}, ${depth}`;
}

/** The name of a channel of so many. */
export function channelName(channel, channels) {
  return channels === 1 ? "mono" : channels === 2 ? "LR"[channel] : `ch ${channel + 1}`;
}
