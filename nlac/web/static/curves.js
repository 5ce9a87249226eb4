// Curves of training, drawn by uPlot, which is loaded when the first ones are shown.

import { look } from "./colours.js";
import { count } from "./format.js";
import { el } from "./ui.js";

let loading = null;

const here = (path) => new URL(path, import.meta.url).href;

/** Load a style sheet once. */
export function style(path) {
  const href = here(path);
  if (!document.querySelector(`link[href="${href}"]`)) document.head.append(el("link", { rel: "stylesheet", href }));
}

function library() {
  loading ??= new Promise((resolve, reject) => {
    style("./vendor/uPlot.min.css");
    const script = el("script", { src: here("./vendor/uPlot.min.js") });
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => { loading = null; reject(new Error("The curves cannot be drawn: uPlot was not loaded.")); };
    document.head.append(script);
  });
  return loading;
}

/** A figure of training in as many digits as tell it. */
export const figure = (value) => (value == null ? "" : Number(value.toPrecision(4)).toString().replace("-", "\u2212"));

const WHOLE = [...Array(9).keys()].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

const better = (name) => (name === "accuracy" ? Math.max : Math.min);

/** Charts of all figures of a run; lines of metrics may be added. */
export class Curves {
  /** @param {HTMLElement} root where they go */
  constructor(root) {
    this.root = el("div.curves");
    root.append(this.root);
    this.records = [];
    this.charts = new Map();
    this.ending = new AbortController();
    const redraw = () => { this.drop(); this.draw(); };
    addEventListener("nlac-theme", redraw, { signal: this.ending.signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal: this.ending.signal });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
  }

  get last() { return this.records.at(-1)?.step ?? -1; }

  /** Show lines of metrics after those that are there. */
  async add(records) {
    const new_ = records.filter((each) => each.step > this.last);
    if (!new_.length) return;
    this.records.push(...new_);
    this.uPlot = await library();
    if (!this.ending.signal.aborted) this.draw();
  }

  /** Names of figures, those that say most first. */
  get names() {
    const all = new Set(this.records.flatMap((each) => Object.keys(each)).filter((key) => key.includes(".")).map((key) => key.split(".")[1]));
    const first = ["loss", "bits", "accuracy"];
    return [...first.filter((name) => all.has(name)), ...[...all].filter((name) => !first.includes(name))];
  }

  draw() {
    if (!this.uPlot) return;
    for (const name of this.names) {
      const rows = this.records.filter((each) => `train.${name}` in each || `valid.${name}` in each);
      const data = [rows.map((each) => each.step), ...["train", "valid"].map((kind) => rows.map((each) => each[`${kind}.${name}`] ?? null))];
      const chart = this.charts.get(name) ?? this.make(name, data);
      chart.plot.setData(data);
      chart.caption.replaceChildren(el("b", {}, name), ` ${this.told(name, data)}`);
      chart.plot.root.setAttribute("aria-label", `Curve of ${name}, ${this.told(name, data)}`);
    }
  }

  told(name, [steps, train, valid]) {
    const values = valid.filter((value) => value != null), parts = [];
    const last = train.findLast((value) => value != null);
    if (last != null) parts.push(`training ${figure(last)}`);
    if (values.length) parts.push(`validation ${figure(values.at(-1))}, best ${figure(better(name)(...values))}`);
    return `${parts.join("; ")}, at step ${count(steps.at(-1))}`;
  }

  make(name, data) {
    const colours = look(this.root), caption = el("figcaption.small.soft"), box = el("figure.curve", {}, caption);
    this.root.append(box);
    const axis = { stroke: colours.soft, font: "11px system-ui, sans-serif", grid: { stroke: colours.line, width: 1 }, ticks: { stroke: colours.line, width: 1 } };
    const line = (label, stroke, more) => ({ label, stroke, width: 1.8, spanGaps: true, points: { size: 5, fill: stroke }, value: (plot, value) => figure(value), ...more });
    const plot = new this.uPlot({
      width: this.width(), height: 190, scales: { x: { time: false } }, cursor: { y: false },
      axes: [{ ...axis, size: 34, incrs: WHOLE }, { ...axis, size: 56, values: (plot, values) => values.map(figure) }],
      series: [{ label: "step", value: (plot, value) => count(value) }, line("training", colours.c, { dash: [5, 4] }), line("validation", colours.a, {})],
    }, data, box);
    plot.root.setAttribute("role", "img");
    const chart = { plot, caption, box };
    this.charts.set(name, chart);
    return chart;
  }

  width() {
    const whole = this.root.clientWidth;
    return Math.max(240, whole > 760 ? Math.floor((whole - 18) / 2) : whole);
  }

  resize() {
    for (const { plot } of this.charts.values()) if (plot.width !== this.width()) plot.setSize({ width: this.width(), height: 190 });
  }

  drop() {
    for (const { plot, box } of this.charts.values()) { plot.destroy(); box.remove(); }
    this.charts.clear();
  }

  end() {
    this.ending.abort();
    this.observer.disconnect();
    this.drop();
    this.root.remove();
  }
}
