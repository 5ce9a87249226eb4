// The time axis: which part of a recording is seen, and where a frame is.

import { time } from "./format.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

/** The part of a recording that is seen, in frames from `start` to `stop`. */
export class View {
  constructor(frames) {
    this.frames = Math.max(1, frames);
    this.start = 0;
    this.stop = this.frames;
    this.width = 1;
  }

  get span() { return this.stop - this.start; }
  get least() { return Math.min(this.frames, 8); }
  get isWhole() { return this.span >= this.frames; }

  x(frame) { return ((frame - this.start) / this.span) * this.width; }
  frame(x) { return this.start + (x / this.width) * this.span; }

  /** See so many frames from `start` on; what is outside the recording is not seen. */
  set(start, span) {
    span = Math.min(Math.max(span, this.least), this.frames);
    this.start = Math.min(Math.max(start, 0), this.frames - span);
    this.stop = this.start + span;
  }

  /** Zoom by a factor (over 1: nearer) so that a frame stays where it is. */
  zoom(factor, frame) {
    const span = Math.min(Math.max(this.span / factor, this.least), this.frames);
    this.set(frame - ((frame - this.start) / this.span) * span, span);
  }

  pan(frames) { this.set(this.start + frames, this.span); }

  /** Move as little as shows a frame. */
  show(frame) {
    if (frame < this.start || frame >= this.stop) this.set(frame - 0.1 * this.span, this.span);
  }
}

/** Marks of the axis: their frames, and how many decimals their seconds need. */
export function ticks(view, rate) {
  const least = (view.span / rate / view.width) * 90;
  let step = STEPS.find((each) => each >= least) ?? STEPS.at(-1), decimals = 0;
  if (least < 1) {
    const ten = 10 ** Math.floor(Math.log10(least));
    step = ten * [1, 2, 5, 10].find((each) => each * ten >= least * 0.999);
    decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  }
  const frames = [];
  const first = Math.ceil(view.start / rate / step - 1e-9);
  for (let i = first; i * step * rate <= view.stop; i++) frames.push(i * step * rate);
  return { frames, decimals, step };
}

/** Draw the axis. */
export function drawAxis(g, view, rate, colours, height) {
  const { frames, decimals } = ticks(view, rate);
  g.font = "11px system-ui, sans-serif";
  g.textBaseline = "bottom";
  for (const frame of frames) {
    const x = view.x(frame), text = time(frame / rate, decimals), width = g.measureText(text).width;
    g.fillStyle = colours.edge;
    g.fillRect(Math.round(x), 0, 1, 4);
    g.fillStyle = colours.soft;
    g.fillText(text, Math.min(Math.max(x - width / 2, 0), view.width - width), height - 1);
  }
}
