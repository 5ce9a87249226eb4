// Residuals counted by their value, beside what the model expected of them.

import { look } from "./colours.js";
import { count, fixed } from "./format.js";

const HEIGHT = 150;

export class Histogram {
  /**
   * @param {HTMLElement} root
   * @param {object} source as that of lanes
   */
  constructor(root, source) {
    this.source = source;
    this.figure = document.createElement("figure");
    this.figure.className = "lane";
    this.canvas = document.createElement("canvas");
    this.canvas.className = "plot";
    this.canvas.setAttribute("role", "img");
    this.caption = document.createElement("figcaption");
    this.readout = document.createElement("div");
    this.readout.className = "lanes-readout";
    this.figure.append(this.caption, this.canvas);
    root.append(this.figure, this.readout);
    this.ending = new AbortController();
    const { signal } = this.ending;
    addEventListener("nlac-theme", () => this.draw(), { signal });
    this.canvas.addEventListener("pointermove", (event) => this.read(event.offsetX), { signal });
    this.canvas.addEventListener("pointerleave", () => { this.readout.textContent = ""; }, { signal });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.figure);
  }

  /** Show counts: {low, step, counts, expected}; `low` is the first bin's value. */
  show(data, isSelection) {
    this.data = data;
    this.where = isSelection ? "of the selection" : "of what is seen";
    this.draw();
  }

  fail(error) {
    this.data = null;
    this.caption.textContent = `residuals: ${error.message}`;
    this.draw();
  }

  bins() {
    const { low, step, counts, expected } = this.data, width = this.canvas.clientWidth;
    return { low, step, counts, expected, width, one: width / counts.length, top: Math.log1p(Math.max(1, ...counts, ...(expected ?? []))) };
  }

  draw() {
    const width = this.canvas.clientWidth, scale = devicePixelRatio || 1;
    if (!width) return;
    const colours = look(this.figure);
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(HEIGHT * scale);
    this.canvas.style.height = `${HEIGHT}px`;
    if (!this.data) return;
    const g = this.canvas.getContext("2d"), { low, step, counts, expected, one, top } = this.bins();
    g.scale(scale, scale);
    const y = (value) => HEIGHT - 16 - (Math.log1p(value) / top) * (HEIGHT - 40);
    g.fillStyle = colours.d;
    g.globalAlpha = 0.6;
    counts.forEach((value, i) => { if (value) g.fillRect(i * one, y(value), Math.max(0.7, one - (one > 3 ? 1 : 0)), HEIGHT - 16 - y(value)); });
    g.globalAlpha = 1;
    if (expected) {
      g.strokeStyle = colours.b;
      g.lineWidth = 1.6;
      g.beginPath();
      expected.forEach((value, i) => g.lineTo((i + 0.5) * one, y(value)));
      g.stroke();
    }
    g.fillStyle = colours.soft;
    g.font = "11px system-ui, sans-serif";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const text = count(low + share * step * counts.length), size = g.measureText(text).width;
      g.fillText(text, Math.min(Math.max(0, share * width - size / 2), width - size), HEIGHT - 3);
    }
    const bitsSaid = this.data.bits == null ? "" : `; ${fixed(this.data.bits, 2)} bits each by their counts`;
    const mark = document.createElement("i");
    mark.style.color = colours.b;
    mark.textContent = expected ? "\u2002\u25ac the model's" : "";
    this.caption.replaceChildren(`residuals ${this.where}, on a logarithmic scale${bitsSaid}`, mark);
    this.canvas.setAttribute("aria-label", `Histogram of the residuals ${this.where}, ${count(counts.reduce((sum, value) => sum + value, 0))} of them`);
  }

  read(x) {
    if (!this.data) return;
    const { low, step, counts, expected, one } = this.bins(), i = Math.min(counts.length - 1, Math.max(0, Math.floor(x / one)));
    const from = low + i * step, value = step > 1 ? `${count(from)} to ${count(from + step - 1)}` : count(from);
    this.readout.textContent = `residual ${value}: ${count(counts[i])}${expected ? `, the model expected ${fixed(expected[i], expected[i] < 10 ? 1 : 0)}` : ""}`;
  }

  end() {
    this.ending.abort();
    this.observer.disconnect();
  }
}
