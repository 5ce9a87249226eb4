// Two recordings: whether they are the same, where they differ, and how that looks and sounds.

import { count, fixed, format, isolated, time } from "./format.js";
import { Lanes } from "./lanes.js";
import { zoomButtons } from "./look.js";
import { waveform } from "./painters.js";
import { Player } from "./player.js";
import { Spectrum } from "./spectrum.js";
import { chooser, droppable, take } from "./upload.js";
import { address, button, complain, el, get, gone, recall, recent, settled } from "./ui.js";

const NAMES = { a: "first", b: "second" };

export async function show(root, parameters, about) {
  const comparing = new Comparing(root, { a: parameters.get("a"), b: parameters.get("b") }, about);
  await comparing.open();
  return () => comparing.end();
}

class Comparing {
  constructor(root, refs, about) {
    Object.assign(this, { root, refs, about, facts: {}, control: new AbortController() });
    this.answer = el("section.card", { "aria-label": "Result", "aria-live": "polite", hidden: true });
    this.pictures = el("section.card", { "aria-label": "Pictures of both", hidden: true });
    this.pickers = el("section.card", { "aria-label": "What to compare" }, el("h1", {}, "Compare two recordings"));
    root.append(this.pickers, this.answer, this.pictures);
  }

  async open() {
    for (const side of ["a", "b"]) await this.find(side);
    const known = await this.choices();
    this.pickers.append(el("div.pair", {}, this.picker("a", known), this.picker("b", known)));
    if (this.facts.a && this.facts.b) await this.compare();
  }

  async find(side) {
    if (!this.refs[side]) return;
    try {
      this.facts[side] = await get("facts", { ref: this.refs[side] });
      recall(this.facts[side]);
    } catch (error) {
      complain(error.status === 404 ? gone(this.refs[side]) : error);
      this.refs[side] = null;
    }
  }

  /** What can be chosen without sending it: what was opened before, and the library. */
  async choices() {
    const groups = [["Opened before", recent()]];
    if (this.about.folder != null) {
      const { rows } = await get("library", { limit: 500 });
      groups.push(["Library", rows.filter((row) => !row.damaged).map(({ ref, path }) => ({ ref, name: path }))]);
    }
    return groups.filter(([, entries]) => entries.length);
  }

  picker(side, known) {
    const facts = this.facts[side], place = el("div.row.sending");
    const open = async (file) => {
      try {
        this.choose(side, (await take(place, file, this.about)).ref);
      } catch (error) {
        complain(error);
      }
    };
    const select = el("select", { "aria-label": `The ${NAMES[side]} recording`,
      on: { change: () => this.choose(side, select.value) } },
      el("option", { value: "" }, "choose one here \u2026"),
      ...known.map(([label, entries]) => el("optgroup", { label },
        ...entries.map(({ ref, name }) => el("option", { value: ref }, name)))));
    select.value = this.refs[side] ?? "";
    if (select.selectedIndex < 0) select.value = "";
    place.append(known.length ? select : "",
      chooser("Choose a file", open, { "aria-label": `Choose a file as the ${NAMES[side]}` }));
    const box = el("div.column.side", { role: "group", "aria-label": `The ${NAMES[side]}` },
      el("h2", {}, facts ? facts.name : `The ${NAMES[side]}`),
      el("span.soft.number", {}, facts ? `${format(facts)} \u00b7 ${time(facts.seconds, 2)}`
        : "Choose it, or drop it here."), place);
    droppable(box, open, this.control.signal);
    return box;
  }

  choose(side, ref) {
    if (!ref) return;
    const { a, b } = { ...this.refs, [side]: ref };
    location.hash = `#/compare?${new URLSearchParams(Object.entries({ a, b }).filter(([, value]) => value))}`;
  }

  async compare() {
    const { a, b } = this.refs;
    this.answer.hidden = false;
    this.answer.replaceChildren(el("p.soft", {}, "Comparing \u2026"));
    try {
      const found = await get("compare", { a, b }, this.control.signal);
      this.answer.replaceChildren(...verdict(found, this.facts, (frame) => this.goTo(frame)).filter(Boolean));
      if (found.comparable) this.look();
    } catch (error) {
      this.answer.hidden = true;
      complain(error);
    }
  }

  look() {
    const { a, b } = this.facts, { sample_rate: rate } = a, frames = Math.max(a.frames, b.frames);
    const place = el("div"), height = a.channels === 1 ? 64 : Math.min(200, 48 * a.channels);
    const heard = ({ ref }, key) => ({ key, label: NAMES[key], url: address("audio", { ref }) });
    this.player = new Player([heard(a, "a"), heard(b, "b")], frames / rate,
      (seconds) => this.lanes.follow(seconds * rate), (message) => complain(new Error(message)));
    this.pictures.hidden = false;
    this.pictures.append(
      el("div.row", { role: "toolbar", "aria-label": "Zoom" }, el("h2", {}, "Look and listen"),
        el("span.row.push", {}, zoomButtons(() => this.lanes))),
      place, this.player.root);
    const source = { sampleRate: rate, channels: a.channels, frames, load: (...asked) => this.load(...asked) };
    const of = (isFloat, bitsPerSample) => ({ ...source, isFloat, bitsPerSample });
    // the difference is at the deeper one's scale
    const both = of(a.is_float || b.is_float, Math.max(a.bits_per_sample, b.bits_per_sample));
    const wave = (key, title, colour, own) => waveform(own, key, title, height, colour);
    const lanes = [wave("a", `first: ${isolated(a.name)}`, "a", of(a.is_float, a.bits_per_sample)),
      wave("b", `second: ${isolated(b.name)}`, "e", of(b.is_float, b.bits_per_sample)),
      wave("difference", "difference", "b", both)];
    this.lanes = new Lanes(place, source, lanes, {
      label: "Both recordings and their difference",
      seek: (frame) => this.player.seek(frame / rate),
      toggle: () => this.player.toggle(),
      select: (range) => {
        this.player.only(range && { start: range.start / rate, stop: range.stop / rate });
        this.spectra();
      },
      changed: () => this.spectra(),
      failed: complain,
    });
    this.spectrum = new Spectrum(this.pictures, [], rate / 2);
  }

  load(feed, start, stop, columns, rows, signal) {
    const which = feed.split(":")[1], { a, b } = this.refs;
    if (which === "difference") return get("compare/peaks", { a, b, start, stop, columns }, signal);
    const facts = this.facts[which];
    stop = Math.min(stop, facts.frames);
    if (start >= stop) return { samples: Array.from({ length: facts.channels }, () => []), start, stop: start };
    return get("peaks", { ref: facts.ref, start, stop, columns, kind: "original" }, signal);
  }

  spectra = settled(async () => {
    const { lanes, refs } = this, { start, stop } = lanes?.selection ?? lanes?.view ?? {};
    if (!lanes || this.control.signal.aborted) return;
    try {
      const found = await get("compare/spectrum", { ...refs, start: Math.floor(start), stop: Math.ceil(stop) },
        this.control.signal);
      this.spectrum.show([{ name: "first", colour: "a", values: found.a },
        { name: "second", colour: "e", values: found.b },
        { name: "difference", colour: "b", values: found.difference }]);
    } catch (error) {
      complain(error);
    }
  }, 250);

  goTo(frame) {
    if (!this.lanes) return;
    this.lanes.seek(frame);
    this.lanes.see(frame - 100, frame + 100);
    this.lanes.stack.focus();
  }

  end() {
    this.control.abort();
    this.lanes?.end();
    this.player?.end();
    this.spectrum?.end();
  }
}

/** What was found, in words. */
function verdict(found, { a, b }, goTo) {
  if (found.identical) {
    return [el("h2.ok", {}, "The same samples"),
      el("p.soft", {}, `All ${count(a.frames)} frames of both are equal, and so is their format.`)];
  }
  const place = ({ frame, channel, seconds }) => el("span", {},
    `${time(seconds, 4)}, frame ${count(frame)}, channel ${channel + 1} `,
    button("show", () => goTo(frame), { class: "tiny" }));
  const largest = [found.peak_difference_lsb == null ? null : count(found.peak_difference_lsb),
    found.peak_difference_dbfs == null ? null : `${fixed(found.peak_difference_dbfs, 1)} dBFS`].filter(Boolean);
  const lines = [
    ["Formats", found.same_format ? null : `${format(a)} and ${format(b)}`],
    ["Lengths", a.frames === b.frames ? null : `${count(a.frames)} and ${count(b.frames)} frames`],
    ["Samples that differ", found.comparable
      ? `${count(found.differing_samples)} of ${count(found.frames_compared * a.channels)} that both have` : null],
    ["First difference", found.first_difference && place(found.first_difference)],
    ["Largest difference", largest.length ? largest.join(", ") : null],
  ].filter(([, value]) => value != null);
  return [el("h2.bad", {}, "They differ"),
    found.comparable ? null : el("p", {}, "Their samples cannot be compared: sample rates or channels differ."),
    el("dl.facts.number", {}, ...lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))];
}
