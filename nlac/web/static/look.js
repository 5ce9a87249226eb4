// The pictures of a recording, what is heard of it, and the buttons around them.

import { Histogram } from "./histogram.js";
import { Lanes } from "./lanes.js";
import { bits, orders, repetition, structure, valueSets, weights } from "./inside.js";
import { spectrogram, waveform } from "./painters.js";
import { Player } from "./player.js";
import { serverSource } from "./source.js";
import { address, button, complain, el, get, settled } from "./ui.js";

const KEYS = [["\u2190 \u2192", "cursor"], ["+ \u2212", "zoom"], ["0", "whole file"], ["Page Up, Page Down", "move"], ["Shift + \u2190 \u2192", "select"],
  ["Enter", "zoom to the selection"], ["\u2191 \u2193", "height of waveforms"], ["Space", "play or pause"]];

export class Look {
  /**
   * @param {HTMLElement} root
   * @param {object} facts of /api/facts
   */
  constructor(root, facts) {
    this.facts = facts;
    this.streams = new Map(facts.stream ? [["this stream", facts.ref]] : []);
    this.inside = this.streams.get("this stream") ?? null;
    this.failed = (error) => { if (error.name === "Unreachable") complain(error); };
    this.source = serverSource(facts, () => ({ ref: this.inside, streams: this.streams }));
    this.pick = el("select", { "aria-label": "Stream to look into", on: { change: () => this.lookInto(this.pick.value) } });
    this.pictures = el("div");
    this.player = new Player(this.recordings(), facts.seconds, (seconds) => this.lanes.follow(seconds * facts.sample_rate), (message) => complain(new Error(message)));
    this.plot = el("div");
    root.append(this.toolbar(), this.pictures, this.player.root, this.plot, keys());
    this.show();
  }

  toolbar() {
    const zoom = (label, text, act) => button(text, act, { class: "tiny", "aria-label": label, title: label });
    this.toSelection = zoom("Zoom to the selection", "to selection", () => this.lanes.see(this.lanes.selection.start, this.lanes.selection.stop));
    this.toSelection.disabled = true;
    this.pickLabel = el("label.small.soft", { hidden: true }, "inside ", this.pick);
    return el("div.row", { role: "toolbar", "aria-label": "Zoom" },
      el("h2", {}, "Look and listen"),
      el("span.row.push", {}, this.pickLabel,
        zoom("Zoom in", "+", () => this.lanes.zoom(2)), zoom("Zoom out", "\u2212", () => this.lanes.zoom(0.5)),
        zoom("Whole file", "whole", () => this.lanes.whole()), this.toSelection));
  }

  /** Lanes for what there is: with a stream, also what is inside it. */
  lanesOf() {
    const { source, facts } = this, high = facts.channels === 1 ? 84 : Math.min(240, 58 * facts.channels);
    const heard = Array.from({ length: Math.min(facts.channels, 8) }, (_, k) => spectrogram(source, k, facts.channels > 2 ? 84 : facts.channels > 1 ? 104 : 150));
    const own = [waveform(source, "samples", "waveform", high), ...heard];
    if (!this.inside) return own;
    return [repetition(source), ...own, bits(source, [...this.streams.keys()]), structure(source), orders(source), valueSets(source), weights(),
      waveform(source, "residual", "residual", Math.round(high * 0.75))];
  }

  show() {
    const old = this.lanes, { sample_rate: rate } = this.facts;
    this.lanes = new Lanes(this.pictures, this.source, this.lanesOf(), {
      label: `Pictures of ${this.facts.name}`,
      seek: (frame) => this.player.seek(frame / rate),
      toggle: () => this.player.toggle(),
      select: (range) => {
        this.toSelection.disabled = !range;
        this.player.only(range && { start: range.start / rate, stop: range.stop / rate });
        this.count();
      },
      changed: () => this.count(),
      failed: this.failed,
    });
    if (old) {
      this.lanes.cursor = old.cursor;
      this.lanes.selection = old.selection;
      this.lanes.view.set(old.view.start, old.view.span);
      for (const [name, feed] of old.feeds) if (!name.startsWith("trace") && feed.data) this.lanes.feeds.set(name, feed);
      const focused = document.activeElement === old.stack;
      old.end();
      if (focused) this.lanes.stack.focus();
    }
    this.plot.replaceChildren();
    this.histogram = this.inside ? new Histogram(this.plot, this.source) : null;
    this.count();
  }

  /** Another stream has come, or all of them: a map of names to refs. */
  offer(streams) {
    if ([...streams.keys()].join() === [...this.streams.keys()].join()) return;
    this.streams = streams;
    const names = [...streams.keys()], now = names.find((name) => streams.get(name) === this.inside) ?? names.at(-1);
    this.pick.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    this.pickLabel.hidden = names.length < 2;
    this.lookInto(now);
  }

  lookInto(name) {
    this.pick.value = name;
    this.inside = this.streams.get(name);
    this.player.offer(this.recordings());
    this.show();
  }

  recordings() {
    const of = (ref, kind) => ({ key: kind, label: kind, url: address("audio", { ref, kind }) });
    return [of(this.facts.ref, "original"), ...(this.inside ? [of(this.inside, "prediction"), of(this.inside, "residual")] : [])];
  }

  /** Count the residuals of what is selected or seen. */
  count = settled(async () => {
    const { histogram, lanes } = this, { start, stop } = lanes?.selection ?? lanes?.view ?? {};
    if (!histogram) return;
    try {
      histogram.show(await get("histogram", { ref: this.inside, start: Math.floor(start), stop: Math.ceil(stop) }), Boolean(lanes.selection));
    } catch (error) {
      histogram.fail(error);
    }
  }, 250);

  end() {
    this.lanes.end();
    this.player.end();
    this.histogram?.end();
  }
}

function keys() {
  return el("details.small", {}, el("summary", {}, "Keys and gestures"),
    el("p.soft", {}, "The pictures take these keys when they have the focus: ",
      ...KEYS.flatMap(([key, what]) => [el("kbd", {}, key), ` ${what}, `]).slice(0, -1), " play or pause. "),
    el("p.soft", {}, "Drag to select, drag the time axis to move. The wheel zooms with Ctrl, or after a click into the pictures; with Shift it moves. " +
      "Two fingers zoom, one moves."));
}
