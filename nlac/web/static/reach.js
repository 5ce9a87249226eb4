// How far back a model looks: its samples on a scale of time, and the tree of its dilated layers.

import { look } from "./colours.js";
import { count, fixed } from "./format.js";
import { el } from "./ui.js";

const SCALE = [0.1, 10000]; // milliseconds, from the left to the right end
const MARKS = [[1, "1 ms"], [10, "10 ms"], [100, "0.1 s"], [1000, "1 s"]];
const HEIGHT = 26; // of a layer

const place = (milliseconds) => {
  const [low, high] = SCALE.map(Math.log10);
  return Math.min(100, Math.max(0, (100 * (Math.log10(milliseconds) - low)) / (high - low)));
};

/** How long a number of samples is, in words. */
export function reachInWords(field) {
  if (!field) return "not known";
  if (field.samples == null) return "all samples before";
  const time = field.milliseconds, at = field.rate ? ` at ${fixed(field.rate / 1000, 1)} kHz` : "";
  const told = time == null ? "" : time < 1000 ? `, ${fixed(time, time < 10 ? 2 : 1)} ms` : `, ${fixed(time / 1000, 2)} s`;
  return `${count(field.samples)} samples${told}${at}`;
}

/** The receptive field, drawn; returns what ends it. */
export function showReach(root, field) {
  root.append(el("p", {}, el("b", {}, reachInWords(field)), field ? el("span.soft", {}, `: ${field.about}`) : ""));
  if (field?.milliseconds != null) {
    root.append(el("div.timescale", { "aria-hidden": true },
      el("i", { style: { width: `${place(field.milliseconds)}%` } }),
      ...MARKS.map(([milliseconds, text]) => el("span", { style: { left: `${place(milliseconds)}%` } }, text))));
  }
  if (!field?.dilations.length) return () => {};
  const { dilations, kernel } = field, levels = sights(dilations, kernel);
  const canvas = el("canvas.plot", { role: "img", "aria-label": `Tree of ${dilations.length} layers with dilations ${dilations.join(", ")}` });
  root.append(el("figure.tree", {}, canvas, el("figcaption.row.apart.small.soft", {},
    el("span", {}, `${count(levels[0].at(-1) + 1)} samples back`), el("span", {}, "the sample that is predicted"))));
  const draw = () => drawTree(canvas, levels, dilations, kernel);
  const observer = new ResizeObserver(draw), ending = new AbortController();
  observer.observe(canvas);
  addEventListener("nlac-theme", draw, { signal: ending.signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw, { signal: ending.signal });
  return () => { observer.disconnect(); ending.abort(); };
}

/** Distances into the past that each layer is seen at, the inputs first, the output last. */
export function sights(dilations, kernel) {
  let seen = [0];
  const levels = [seen];
  for (const dilation of dilations.toReversed()) {
    const next = new Set();
    for (const back of seen) for (let tap = 0; tap < kernel; tap++) next.add(back + tap * dilation);
    seen = [...next].sort((a, b) => a - b);
    levels.unshift(seen);
  }
  return levels;
}

function drawTree(canvas, levels, dilations, kernel) {
  const colours = look(canvas.parentElement), ratio = devicePixelRatio || 1, width = canvas.clientWidth;
  const layer = dilations.length > 12 ? 14 : HEIGHT, height = layer * dilations.length + 12, furthest = levels[0].at(-1) || 1;
  if (!width) return;
  canvas.style.height = `${height}px`;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const g = canvas.getContext("2d"), x = (back) => width - 5 - (back / furthest) * (width - 10), y = (level) => height - 6 - level * layer;
  g.scale(ratio, ratio);
  g.strokeStyle = colours.a;
  dilations.forEach((dilation, level) => {
    const nodes = levels[level + 1], gap = (width - 10) / furthest * dilation;
    g.globalAlpha = Math.max(0.14, Math.min(0.85, gap / 14));
    g.lineWidth = gap > 6 ? 1.3 : 0.8;
    g.beginPath();
    let drawn = -1;
    for (const back of nodes) {
      // lines that fall upon each other are drawn once
      if (drawn >= 0 && Math.abs(x(back) - drawn) < 0.75) continue;
      drawn = x(back);
      for (let tap = 0; tap < kernel; tap++) {
        g.moveTo(x(back + tap * dilation), y(level));
        g.lineTo(x(back), y(level + 1));
      }
    }
    g.stroke();
  });
  g.globalAlpha = 1;
  g.fillStyle = colours.b;
  g.beginPath();
  g.arc(x(0), y(dilations.length), 4, 0, 7);
  g.fill();
}
