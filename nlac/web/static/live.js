// Audio that grows while it is made: its waveform, and a player that waits for what is not there yet.

import { look } from "./colours.js";
import { time } from "./format.js";
import { address, button, el } from "./ui.js";

const AHEAD = 0.4; // seconds that must be there before playing begins, or goes on
const HEIGHT = 120;

export class Live {
  /**
   * @param {HTMLElement} root
   * @param {string} id of the generation
   * @param {(error: Error) => void} failed
   */
  constructor(root, id, failed) {
    this.id = id;
    this.failed = failed;
    this.pieces = [];
    this.frames = 0;
    this.rate = 0;
    this.played = 0;
    this.over = false;
    this.canvas = el("canvas.plot", { role: "img", "aria-label": "Waveform of what is made" });
    this.button = button("\u25b6 Play", () => this.toggle(), { class: "play", disabled: true });
    this.clock = el("span.number.soft");
    this.root = el("div.column.live", {}, this.canvas, el("div.row", {}, this.button, this.clock));
    root.append(this.root);
    this.ending = new AbortController();
    const draw = () => this.draw();
    addEventListener("nlac-theme", draw, { signal: this.ending.signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw, { signal: this.ending.signal });
    this.observer = new ResizeObserver(draw);
    this.observer.observe(this.canvas);
  }

  /** Take the state of the generation; fetches the samples that are new. */
  async follow(state) {
    if (!state.rate) return;
    Object.assign(this, { rate: state.rate, channels: state.channels, total: state.total, known: state.frames });
    this.over = ["done", "failed", "stopped"].includes(state.state);
    if (this.fetching) return;
    this.fetching = true;
    try {
      while (this.frames < this.known && !this.ending.signal.aborted) {
        const answer = await fetch(address(`generations/${this.id}/samples`, { start: this.frames }), { signal: this.ending.signal });
        const bytes = answer.ok ? await answer.arrayBuffer() : new ArrayBuffer(0);
        if (!bytes.byteLength) break;
        this.pieces.push({ start: this.frames, samples: new Int16Array(bytes) });
        this.frames += bytes.byteLength / 2 / this.channels;
        this.draw();
        this.schedule();
      }
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    } finally {
      this.fetching = false;
    }
    this.tell();
  }

  draw() {
    const { canvas } = this, width = canvas.clientWidth, ratio = devicePixelRatio || 1;
    if (!width) return;
    canvas.style.height = `${HEIGHT}px`;
    canvas.width = width * ratio;
    canvas.height = HEIGHT * ratio;
    const g = canvas.getContext("2d"), colours = look(this.root), middle = HEIGHT / 2;
    g.scale(ratio, ratio);
    g.fillStyle = colours.line;
    g.fillRect(0, Math.round(middle), width, 1);
    if (!this.frames) return;
    const { low, high } = this.peaks(Math.round(width * ratio)), loudest = Math.max(1024, ...high, ...low.map((value) => -value));
    const scale = (middle - 3) / loudest;
    g.fillStyle = colours.a;
    low.forEach((value, i) => {
      if (value > high[i]) return;
      const top = middle - high[i] * scale;
      g.fillRect(i / ratio, top - 0.5, 1 / ratio, Math.max(1, middle - value * scale - top + 1));
    });
    g.fillStyle = colours.b;
    if (this.played) g.fillRect((this.played / this.total) * width - 1, 0, 2, HEIGHT);
  }

  /** Lowest and highest sample of each column; the columns stand for all that will be made. */
  peaks(columns) {
    const low = new Array(columns).fill(32767), high = new Array(columns).fill(-32768);
    for (const { start, samples } of this.pieces) {
      for (let i = 0; i < samples.length; i++) {
        const column = Math.min(columns - 1, Math.floor(((start + Math.floor(i / this.channels)) / this.total) * columns));
        if (samples[i] < low[column]) low[column] = samples[i];
        if (samples[i] > high[column]) high[column] = samples[i];
      }
    }
    return { low, high };
  }

  toggle() {
    if (this.playing) { this.silence(); return; }
    this.context ??= new AudioContext();
    this.context.resume();
    if (this.played >= this.frames && this.over) this.played = 0;
    this.playing = true;
    this.sources = [];
    this.next = null;
    this.schedule();
    this.timer = setInterval(() => this.schedule(), 100);
    this.tell();
  }

  /** Give the context what is there and not given yet, from the position on. */
  schedule() {
    if (!this.playing) return;
    const { context, rate, channels } = this, now = context.currentTime;
    if (this.next && this.next.time < now) { this.played = this.next.frame; this.next = null; }
    const from = this.next?.frame ?? this.played, enough = this.over || this.frames - from >= AHEAD * rate;
    if (this.frames > from && (this.next || enough)) {
      const count = this.frames - from, buffer = context.createBuffer(channels, count, rate), source = context.createBufferSource();
      for (let channel = 0; channel < channels; channel++) {
        const out = buffer.getChannelData(channel);
        for (const { start, samples } of this.pieces) {
          const length = samples.length / channels;
          for (let i = Math.max(0, from - start); i < length; i++) out[start + i - from] = samples[i * channels + channel] / 32768;
        }
      }
      const begin = this.next?.time ?? now + 0.05;
      source.buffer = buffer;
      source.connect(context.destination);
      source.start(begin);
      this.sources.push(source);
      this.next = { time: begin + count / rate, frame: this.frames };
    }
    if (this.next) this.played = Math.max(this.played, Math.round(this.next.frame - (this.next.time - now) * rate), 0);
    else if (this.over && this.played >= this.frames) { this.silence(); return; }
    this.draw();
    this.tell();
  }

  silence() {
    this.playing = false;
    clearInterval(this.timer);
    for (const source of this.sources ?? []) source.disconnect();
    this.tell();
  }

  tell() {
    const waits = this.playing && !this.next;
    this.button.disabled = !this.frames;
    this.button.textContent = this.playing ? "\u2016 Pause" : "\u25b6 Play";
    const seconds = (frames) => time(frames / (this.rate || 1), 1);
    this.clock.textContent = this.rate ? `${seconds(this.played)} of ${seconds(this.frames)}${waits ? ", waiting for more" : ""}` : "";
  }

  end() {
    if (this.playing) this.silence();
    this.context?.close();
    this.ending.abort();
    this.observer.disconnect();
    this.root.remove();
  }
}
