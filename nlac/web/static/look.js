// The pictures of a recording, what is heard of it, and the buttons around them.

import { Histogram } from "./histogram.js";
import { Lanes } from "./lanes.js";
import { bits, orders, repetition, structure, valueSets, weights } from "./inside.js";
import { spectrograms, waveform } from "./painters.js";
import { Player } from "./player.js";
import { serverSource } from "./source.js";
import { address, button, complain, el, settled, Unreachable } from "./ui.js";

const MOST_SPECTROGRAMS = 8;
const KEYS = [["\u2190 \u2192", "cursor"], ["+ \u2212", "zoom"], ["0", "whole file"], ["Page Up, Page Down", "move"],
  ["Shift + \u2190 \u2192", "select"],
  ["Enter", "zoom to the selection"], ["\u2191 \u2193", "height of waveforms"], ["Space", "play or pause"]];

export class Look {
  /**
   * @param {HTMLElement} root
   * @param {object} facts of /api/facts
   * @param {() => void} refused called when the server refuses a view
   */
  constructor(root, facts, refused) {
    this.refused = refused;
    this.facts = facts;
    this.streams = new Map(facts.stream ? [["this stream", facts.ref]] : []);
    this.inside = this.streams.get("this stream") ?? null;
    this.source = serverSource(facts, () => ({ ref: this.inside, streams: this.streams }));
    this.pick = el("select", { "aria-label": "Stream to look into",
      on: { change: () => this.lookInto(this.pick.value) } });
    this.pictures = el("div");
    this.player = new Player(this.recordings(), facts.seconds,
      (seconds) => this.lanes.follow(seconds * facts.sample_rate), (message) => complain(new Error(message)));
    this.plot = el("div");
    root.append(this.toolbar(), this.pictures, this.player.root, this.plot, keys());
    this.show();
  }

  toolbar() {
    const see = () => this.lanes.see(this.lanes.selection.start, this.lanes.selection.stop);
    const given = { class: "tiny", "aria-label": "Zoom to the selection", disabled: true };
    this.toSelection = button("to selection", see, given);
    this.pickLabel = el("label.small.soft", { hidden: true }, "inside ", this.pick);
    return el("div.row", { role: "toolbar", "aria-label": "Zoom" }, el("h2", {}, "Look and listen"),
      el("span.row.push", {}, this.pickLabel, zoomButtons(() => this.lanes), this.toSelection));
  }

  /** Lanes for what there is: with a stream, also what is inside it. */
  lanesOf() {
    const { source, heard } = this;
    if (!this.inside) return heard;
    return [repetition(source), ...heard, bits(source, [...this.streams.keys()]), structure(source), orders(source),
      valueSets(source), weights(), this.residual];
  }

  show() {
    const { facts, source } = this, { channels, sample_rate: rate } = facts;
    const high = channels === 1 ? 84 : Math.min(240, 58 * channels);
    const tall = channels > 2 ? 84 : channels > 1 ? 104 : 150;
    this.heard = [waveform(source, "original", "waveform", high),
      ...spectrograms(source, MOST_SPECTROGRAMS, tall)];
    this.residual = waveform(source, "residual", "residual", Math.round(high * 0.75));
    this.lanes = new Lanes(this.pictures, source, this.lanesOf(), {
      label: `Pictures of ${facts.name}`,
      seek: (frame) => this.player.seek(frame / rate),
      toggle: () => this.player.toggle(),
      select: (range) => {
        this.toSelection.disabled = !range;
        this.player.only(range && { start: range.start / rate, stop: range.stop / rate });
        this.count();
      },
      changed: () => this.count(),
      failed: (error) => {
        if (error instanceof Unreachable || error.status === 401) complain(error);
        else if (error.status) this.refused();
      },
    });
    this.plotted();
  }

  plotted() {
    if (this.inside && this.facts.frames) this.histogram ??= new Histogram(this.plot);
    this.count();
  }

  /** Another stream has come, or all of them: a map of names to refs. */
  offer(streams) {
    if ([...streams].join() === [...this.streams].join()) return;
    const changed = [...streams.keys()].filter((name) => this.streams.get(name) !== streams.get(name));
    this.streams = streams;
    const names = [...streams.keys()], now = names.find((name) => streams.get(name) === this.inside) ?? names.at(-1);
    this.pick.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    this.pickLabel.hidden = names.length < 2;
    this.lookInto(now, changed.map((name) => `trace:${name}`));
  }

  lookInto(name, stale = []) {
    const ref = this.streams.get(name);
    if (ref !== this.inside) {
      stale.push("trace", "peaks:residual");
      this.residual.peak = 0;
    }
    this.pick.value = name;
    this.inside = ref;
    this.player.offer(this.recordings());
    this.lanes.change(this.lanesOf(), stale);
    this.plotted();
  }

  recordings() {
    const of = (ref, kind) => ({ key: kind, label: kind, url: address("audio", { ref, kind }) });
    return [of(this.facts.ref, "original"), ...(this.inside
      ? [of(this.inside, "prediction"), of(this.inside, "residual")] : [])];
  }

  /** Count the residuals of what is selected or seen. */
  count = settled(async () => {
    const { histogram, lanes } = this, { start, stop } = lanes.selection ?? lanes.view;
    if (!histogram) return;
    try {
      const data = await this.source.load("trace", Math.floor(start), Math.ceil(stop), lanes.columns, 0);
      histogram.show(data.histogram, Boolean(lanes.selection), !data.complete);
      if (!data.complete && histogram === this.histogram) this.count();
    } catch (error) {
      histogram.fail(error);
    }
  }, 400);

  end() {
    this.lanes.end();
    this.player.end();
    this.histogram?.end();
  }
}

/** Buttons that zoom lanes, which may come later. */
export function zoomButtons(lanes) {
  const zoom = (label, text, act) => button(text, act, { class: "tiny", "aria-label": label, title: label });
  return [zoom("Zoom in", "+", () => lanes().zoom(2)), zoom("Zoom out", "\u2212", () => lanes().zoom(0.5)),
    zoom("Whole file", "whole", () => lanes().whole())];
}

function keys() {
  return el("details.small", {}, el("summary", {}, "Keys and gestures"),
    el("p.soft", {}, "The pictures take these keys when they have the focus: ",
      ...KEYS.flatMap(([key, what]) => [el("kbd", {}, key), ` ${what}, `]).slice(0, -1), " play or pause. "),
    el("p.soft", {}, "Drag to select, drag the time axis to move. " +
      "The wheel zooms with Ctrl, or after a click into the pictures; with Shift it moves. " +
      "Two fingers zoom, one moves."));
}
