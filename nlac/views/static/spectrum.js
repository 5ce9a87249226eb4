// Spectra of two recordings and of their difference, in decibels.

import { look } from "./colours.js";
import { fixed, frequency } from "./format.js";
import { Plot } from "./plot.js";

const PLOT_HEIGHT = 170, LOWEST_DECIBELS = -140;

export class Spectrum extends Plot {
  /**
   * @param {HTMLElement} root
   * @param {{name: string, colour: string, values: number[]}[]} lines decibels at equal steps from 0 to the last
   * @param {number} nyquist Hz at the last value
   */
  constructor(root, lines, nyquist) {
    super(root);
    Object.assign(this, { lines, nyquist });
  }

  show(lines) {
    this.lines = lines;
    this.draw();
  }

  draw() {
    const width = this.resize(PLOT_HEIGHT);
    if (!width) return;
    const colours = look(this.figure), g = this.canvas.getContext("2d");
    g.font = "11px system-ui, sans-serif";
    const bounded = (level) => Math.min(0, Math.max(LOWEST_DECIBELS, level));
    const y = (level) => 20 + (bounded(level) / LOWEST_DECIBELS) * (PLOT_HEIGHT - 40);
    for (let level = 0; level >= LOWEST_DECIBELS; level -= 40) {
      g.fillStyle = colours.line;
      g.fillRect(0, Math.round(y(level)), width, 1);
      g.fillStyle = colours.soft;
      g.fillText(`${level ? fixed(level, 0) : 0} dB`, width - 48, y(level) + 12);
    }
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const text = frequency(share * this.nyquist), size = g.measureText(text).width;
      g.fillText(text, Math.min(Math.max(0, share * width - size / 2), width - size), PLOT_HEIGHT - 4);
    }
    g.lineWidth = 1.4;
    for (const { values, colour } of this.lines) {
      g.strokeStyle = colours[colour];
      g.beginPath();
      values.forEach((value, i) => g.lineTo((i / (values.length - 1)) * width, y(value ?? LOWEST_DECIBELS)));
      g.stroke();
    }
    const marks = this.lines.map(({ name, colour }) => {
      const mark = document.createElement("i");
      mark.style.color = colours[colour];
      mark.textContent = `\u2002\u25ac ${name}`;
      return mark;
    });
    this.caption.replaceChildren("spectrum", ...marks);
    this.canvas.setAttribute("aria-label", `Spectrum of ${this.lines.map((line) => line.name).join(", ")}`);
  }

  read(x) {
    const share = Math.min(1, Math.max(0, x / this.canvas.clientWidth));
    const said = this.lines.map(({ name, values }) => {
      const value = values[Math.round(share * (values.length - 1))];
      return `${name} ${value == null || value <= LOWEST_DECIBELS ? "nothing" : `${fixed(value, 0)} dB`}`;
    });
    this.readout.textContent = `${frequency(share * this.nyquist)} \u00b7 ${said.join(", ")}`;
  }
}
