// Lanes on one time axis: zoom, pan, cursor, selection and readout. What they show is in painters.js and
// inside.js, and comes from a `source`:
//
//   { sampleRate, channels, bitsPerSample, isFloat, frames,
//     load(feed, start, stop, columns, rows, signal) -> Promise of the feed's data }
//
// with `peaks:KIND` -> {low, high} or {samples}, a list for each channel; `spectrogram:CHANNEL` -> {bytes,
// width, height}; `trace` and `trace:STREAM` -> as `nlac.views.trace` tells as JSON. Data may have `start`
// and `stop` of its own, and `exact: false` with `progress`: then it is asked for again.
// What is there is drawn stretched until what was asked for comes.

import { drawAxis, View } from "./axis.js";
import { look, series } from "./colours.js";
import { count, duration, time } from "./format.js";
import { repetitionAt } from "./inside.js";
import { listen } from "./gestures.js";

const AXIS_HEIGHT = 22, NOTHING_HEIGHT = 22;
let numbers = 0;

function make(tag, name, parent, given = {}) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

export class Lanes {
  /**
   * @param {HTMLElement} root where it goes
   * @param {object} source
   * @param {object[]} lanes from painters.js and inside.js, from the top
   * @param {{label?: string, seek?: (frame: number) => void, toggle?: () => void,
   *   select?: (range: object|null) => void, changed?: (view: View) => void, failed?: (error: Error) => void}} [given]
   */
  constructor(root, source, lanes, given = {}) {
    this.source = source;
    this.given = given;
    this.view = new View(source.frames);
    this.feeds = new Map();
    this.cursor = 0;
    this.hover = null;
    this.selection = null;
    this.gain = 1;
    this.build(root, lanes);
    this.ending = new AbortController();
    listen(this, this.ending.signal);
    const signal = this.ending.signal;
    addEventListener("nlac-theme", () => this.restyle(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle(), { signal });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stack);
    this.restyle();
  }

  build(root, lanes) {
    this.root = make("div", "lanes", root, { role: "group", "aria-label": this.given.label ?? "Views over time" });
    this.readout = make("div", "lanes-readout", this.root, { id: `readout-${++numbers}` });
    // the axis stays in sight as long as some of the lanes is
    const body = make("div", "", this.root);
    this.stack = make("div", "lanes-stack", body, {
      role: "slider", tabindex: 0, "aria-label": "Cursor in time", "aria-orientation": "horizontal",
      "aria-valuemin": 0, "aria-valuemax": this.source.frames,
      "aria-keyshortcuts": "Space + - 0 ArrowLeft ArrowRight Home End PageUp PageDown",
    });
    this.marks = {};
    for (const name of ["before", "here", "selection", "hover", "head"]) {
      this.marks[name] = make("div", `lanes-mark ${name}`, this.stack, { "aria-hidden": true });
    }
    this.lanes = lanes.map((lane) => this.laneOf(lane));
    this.axis = make("canvas", "", make("div", "lanes-axis", body, { "aria-hidden": true }));
    this.range = make("div", "lanes-range", this.root, { "aria-hidden": true });
    this.thumb = make("i", "", this.range);
    // pictures inside a slider are hidden from screen readers, so they are described beside it
    this.descriptions = make("ul", "away", this.root, { "aria-label": "What the pictures show" });
  }

  laneOf(lane) {
    const figure = make("figure", "lane", this.stack), canvas = make("canvas", "", figure),
      caption = make("figcaption", "", figure), below = make("p", "lane-more", figure);
    figure.dataset.lane = lane.key;
    return { ...lane, lane, figure, canvas, caption, below, feeds: lane.feeds ?? [lane.feed] };
  }

  /** Show other lanes. Feeds are kept, but those named in `stale` are asked for again. */
  change(lanes, stale = null) {
    for (const { figure } of this.lanes) figure.remove();
    this.lanes = lanes.map((lane) => this.laneOf(lane));
    const wanted = new Set(this.lanes.flatMap((each) => each.feeds));
    for (const [name, feed] of this.feeds) {
      if (wanted.has(name) && !stale?.includes(name)) continue;
      feed.control?.abort();
      this.feeds.delete(name);
    }
    this.changed();
  }

  end() {
    this.ending.abort();
    this.observer.disconnect();
    clearTimeout(this.timer);
    for (const feed of this.feeds.values()) feed.control?.abort();
    this.root.remove();
  }

  restyle() {
    this.colours = look(this.root);
    this.draw();
  }

  resize() {
    const width = this.stack.clientWidth;
    if (!width || width === this.view.width) return;
    this.view.width = width;
    this.changed();
  }

  /** The view changed: draw what there is, and ask for what there is not. */
  changed() {
    this.draw();
    this.given.changed?.(this.view);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 60);
  }

  /** Columns that pictures have: a pixel each, unless pixels are tiny. */
  get columns() { return Math.round(this.view.width * Math.min(2, devicePixelRatio || 1)); }

  load() {
    const { view, columns } = this, start = Math.floor(view.start), stop = Math.ceil(view.stop);
    if (!this.source.frames) return;
    // what comes soonest first
    const names = [...new Set(this.lanes.flatMap((each) => each.feeds))].sort();
    for (const name of names) {
      const rows = Math.max(...this.lanes.filter((each) => each.feeds.includes(name)).map((each) => each.height));
      this.ask(name, start, stop, columns, rows);
    }
  }

  async ask(name, start, stop, columns, rows) {
    const old = this.feeds.get(name) ?? {};
    const key = `${start} ${stop} ${columns}`;
    if (old.key === key) return;
    old.control?.abort();
    const control = new AbortController();
    this.feeds.set(name, { ...old, key, control, error: null });
    try {
      const data = await this.source.load(name, start, stop, columns, rows, control.signal);
      if (control.signal.aborted) return;
      this.feeds.set(name, { key, control, data, start: data?.start ?? start, stop: data?.stop ?? stop,
        error: null });
      // what is damaged never gets exact; all may have been read between the data and their progress
      const isOver = data?.progress >= 1 && old.data?.progress >= 1;
      if (data?.exact === false && !isOver) setTimeout(() => this.again(name, key), 700);
    } catch (error) {
      if (error.name === "AbortError" || control.signal.aborted) return;
      this.feeds.set(name, { ...old, key, control, error });
      this.given.failed?.(error, name);
    }
    this.draw();
  }

  /** What came was not exact yet. */
  again(name, key) {
    const feed = this.feeds.get(name);
    if (this.ending.signal.aborted || feed?.key !== key) return;
    feed.key = "";
    this.load();
  }

  draw() {
    if (this.frame || this.view.width <= 1) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.ending.signal.aborted) return;
      for (const each of this.lanes) this.drawLane(each);
      this.drawAxisAndRange();
      this.place();
    });
  }

  canvas(canvas, height) {
    const scale = devicePixelRatio || 1, { width } = this.view;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.height = `${height}px`;
    }
    const g = canvas.getContext("2d");
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    return g;
  }

  context(each, g) {
    const { view, colours, source, gain } = this;
    return { g, view, colours, source, gain, width: view.width, height: each.shownHeight ?? each.height };
  }

  /** The feeds of a lane that have come. */
  come(each) {
    return each.feeds.map((name) => (this.feeds.get(name)?.data ? this.feeds.get(name) : null));
  }

  drawLane(each) {
    const feeds = this.come(each), there = feeds.some(Boolean), { lane } = each, none = !this.source.frames;
    const empty = there && lane.isEmpty?.(...feeds);
    each.shownHeight = none ? NOTHING_HEIGHT : empty ? lane.emptyHeight : lane.height;
    const c = this.context(each, this.canvas(each.canvas, each.shownHeight));
    if (there && !empty) lane.draw(c, ...feeds);
    const states = each.feeds.map((name) => this.feeds.get(name));
    const error = states.find((state) => state?.error)?.error;
    const note = none ? ": no samples" : error ? `: ${error.message}` : there ? lane.note?.(c, ...feeds) ?? ""
      : ": reading\u2026";
    const text = `${lane.title}${note}`;
    let legend = there && !empty && !error ? lane.legend ?? [] : [];
    if (typeof legend === "function") legend = legend(...feeds);
    if (each.said !== `${text} ${legend} ${this.colours.dark}`) {
      each.said = `${text} ${legend} ${this.colours.dark}`;
      each.caption.replaceChildren(text, ...legend.map((name, k) => {
        const mark = document.createElement("i");
        mark.style.color = series(this.colours)[k % 6];
        mark.textContent = `\u2002\u25ac ${name}`;
        return mark;
      }));
    }
    const more = there ? lane.more?.(...feeds) ?? [] : [], long = more.join("; ");
    if (each.below.textContent !== long) each.below.textContent = long;
    each.text = [there ? lane.describe(c, ...feeds) : text, ...more].join("; ");
  }

  drawAxisAndRange() {
    const { view } = this, g = this.canvas(this.axis, AXIS_HEIGHT);
    if (this.source.frames) drawAxis(g, view, this.source.sampleRate, this.colours, AXIS_HEIGHT);
    this.thumb.style.left = `${(100 * view.start) / view.frames}%`;
    this.thumb.style.width = `${(100 * view.span) / view.frames}%`;
    this.range.style.visibility = view.isWhole ? "hidden" : "visible";
    const texts = this.lanes.map((each) => each.text);
    if (texts.join() === this.texts) return;
    this.texts = texts.join();
    this.descriptions.replaceChildren(...texts.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
  }

  /** Put the marks where they belong. */
  place() {
    const { marks, view } = this;
    const put = (mark, start, stop) => {
      const left = Math.max(-4, view.x(start)), right = stop == null ? left : Math.min(view.width + 4, view.x(stop));
      mark.hidden = stop == null ? left < -1 || left > view.width + 1 : right <= left;
      mark.style.transform = `translateX(${left}px)`;
      if (stop != null) mark.style.width = `${right - left}px`;
    };
    put(marks.head, this.cursor);
    if (this.hover == null) marks.hover.hidden = true;
    else put(marks.hover, this.hover);
    if (this.selection) put(marks.selection, this.selection.start, this.selection.stop);
    else marks.selection.hidden = true;
    const at = this.hover ?? this.cursor, trace = this.feeds.get("trace")?.data;
    const match = trace && repetitionAt(trace, at);
    marks.here.hidden = marks.before.hidden = true;
    if (match) {
      // of a long passage, what is around the pointer
      const start = Math.max(match.start, at - view.span / 50);
      const stop = Math.min(match.start + match.frames, at + view.span / 50);
      put(marks.here, start, stop);
      put(marks.before, start - match.lag, stop - match.lag);
    }
    this.tell();
  }

  /** What all lanes say of a frame. */
  numbersAt(frame, key = null, y = null) {
    const said = [];
    for (const each of this.lanes) {
      const feeds = this.come(each);
      if (!feeds.some(Boolean) || !each.lane.read) continue;
      const text = each.lane.read(this.context(each), ...feeds, frame, each.key === key ? y : null);
      if (text) said.push(text);
    }
    return said;
  }

  tell() {
    if (!this.source.frames) {
      this.readout.textContent = "no samples";
      this.stack.setAttribute("aria-valuetext", "no samples");
      return;
    }
    const frame = Math.min(Math.max(0, Math.floor(this.hover ?? this.cursor)), this.source.frames - 1),
      rate = this.source.sampleRate;
    const decimals = Math.min(6, Math.max(2, Math.ceil(Math.log10((rate * this.view.width) / this.view.span / 10))));
    const numbers = this.numbersAt(frame, this.hoverLane, this.hoverY), at = document.createElement("b");
    at.textContent = `${time(frame / rate, decimals)}`;
    const range = this.selection && `selected ${duration((this.selection.stop - this.selection.start) / rate)}`;
    const text = [`frame ${count(frame)}`, range, ...numbers].filter(Boolean).join(" \u00b7 ");
    this.readout.replaceChildren(at, ` \u00b7 ${text}`);
    const own = Math.floor(this.cursor);
    this.stack.setAttribute("aria-valuenow", own);
    this.stack.setAttribute("aria-valuetext", this.hover == null ? `${time(frame / rate, decimals)}, ${text}`
      : time(own / rate, decimals));
  }

  /** Move the cursor (the playhead), and tell who plays. */
  seek(frame, told = true) {
    this.cursor = Math.min(Math.max(0, frame), this.source.frames);
    if (told) this.given.seek?.(this.cursor);
    this.place();
  }

  /** Follow a player: its place, kept in view if it was. */
  follow(frame) {
    const seen = this.cursor >= this.view.start && this.cursor <= this.view.stop;
    this.cursor = frame;
    if (seen && frame >= this.view.stop && !this.view.isWhole) {
      this.view.set(frame - 0.02 * this.view.span, this.view.span);
      this.changed();
    } else this.place();
  }

  select(start, stop) {
    this.selection = stop - start >= 1 ? { start: Math.max(0, Math.floor(start)),
      stop: Math.min(this.source.frames, Math.ceil(stop)) } : null;
    this.given.select?.(this.selection);
    this.place();
  }

  zoom(factor, frame = null) {
    const middle = this.view.start + this.view.span / 2;
    const seen = this.cursor >= this.view.start && this.cursor <= this.view.stop;
    this.view.zoom(factor, frame ?? (seen ? this.cursor : middle));
    this.changed();
  }

  see(start, stop) {
    this.view.set(start, stop - start);
    this.changed();
  }

  whole() { this.see(0, this.source.frames); }

  loudness(factor) {
    this.gain = Math.min(4096, Math.max(1, this.gain * factor));
    this.draw();
  }
}
