// Residuals counted by their value, beside what the model expected of them.

import { look } from "./colours.js";
import { count, fixed } from "./format.js";
import { Plot } from "./plot.js";

const HEIGHT = 150;

export class Histogram extends Plot {
  /** Show what `Histogram` of nlac.views.trace tells: {edges, counts, expected}, the latter by channel. */
  show({ edges, counts, expected }, isSelection, isReading) {
    const sum = (rows) => edges.slice(1).map((_, i) => rows.reduce((all, row) => all + row[i], 0));
    this.data = edges.length > 1 ? { edges, counts: sum(counts), expected: sum(expected) } : null;
    this.where = isSelection ? "of the selection" : "of what is seen";
    this.draw();
    if (this.data) return;
    this.caption.textContent = isReading ? "residuals: reading\u2026" : "residuals: no samples are coded here";
  }

  fail(error) {
    this.data = null;
    this.draw();
    this.caption.textContent = `residuals: ${error.message}`;
  }

  draw() {
    const width = this.resize(HEIGHT);
    if (!width || !this.data) return;
    const colours = look(this.figure);
    const g = this.canvas.getContext("2d"), { edges, counts, expected } = this.data, one = width / counts.length;
    // far from 0 a bin holds many values: what is drawn is the number for one value
    const wide = (i) => edges[i + 1] - edges[i], lowest = 0.5 / Math.max(wide(0), wide(counts.length - 1));
    const level = (value, i) => Math.max(0, Math.log(value / wide(i) / lowest));
    const top = Math.max(1, ...counts.map(level), ...expected.map(level)), floor = HEIGHT - 16;
    const y = (value, i) => floor - (level(value, i) / top) * (HEIGHT - 40);
    g.fillStyle = colours.d;
    g.globalAlpha = 0.6;
    const bar = Math.max(0.7, one - (one > 3 ? 1 : 0));
    counts.forEach((value, i) => { if (value) g.fillRect(i * one, y(value, i), bar, floor - y(value, i)); });
    g.globalAlpha = 1;
    g.strokeStyle = colours.b;
    g.lineWidth = 1.6;
    g.beginPath();
    expected.forEach((value, i) => g.lineTo((i + 0.5) * one, y(value, i)));
    g.stroke();
    g.fillStyle = colours.soft;
    g.font = "11px system-ui, sans-serif";
    const marks = Math.max(2, Math.floor(width / 110));
    for (let k = 0; k <= marks; k++) {
      const bin = Math.round((k / marks) * counts.length), text = count(edges[bin]), size = g.measureText(text).width;
      g.fillText(text, Math.min(Math.max(0, bin * one - size / 2), width - size), HEIGHT - 3);
    }
    const mark = document.createElement("i");
    mark.style.color = colours.b;
    mark.textContent = "\u2002\u25ac what the model expected";
    this.caption.replaceChildren(`residuals ${this.where}, on logarithmic scales`, mark);
    const total = count(counts.reduce((sum, value) => sum + value, 0));
    this.canvas.setAttribute("aria-label",
      `Histogram of the residuals ${this.where}, ${total} of them, beside what the model expected`);
  }

  read(x) {
    if (!this.data) return;
    const { edges, counts, expected } = this.data;
    const i = Math.min(counts.length - 1, Math.max(0, Math.floor((x / this.canvas.clientWidth) * counts.length)));
    const last = edges[i + 1] - 1, value = last > edges[i] ? `${count(edges[i])} to ${count(last)}` : count(edges[i]);
    const model = fixed(expected[i], expected[i] < 10 ? 1 : 0);
    this.readout.textContent = `residual ${value}: ${count(counts[i])}, the model expected ${model}`;
  }
}
