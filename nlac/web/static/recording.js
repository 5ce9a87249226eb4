// One recording: its facts, its encodings, its pictures and its sound.

import { count, duration, format, size } from "./format.js";
import { Look } from "./look.js";
import { announce, codecTable, renew } from "./table.js";
import { chooser } from "./upload.js";
import { button, complain, download, el, follow, post, remove, say } from "./ui.js";

// what is only encoded when asked for
const SLOW = ["neural"];

export class Recording {
  /** `refused` is called when a view of it was: it may be gone, or changed. */
  constructor(root, facts, about, open, refused) {
    this.facts = facts;
    this.about = about;
    this.rows = [];
    this.table = el("div.scroll");
    const place = el("section.card", { "aria-label": "Look and listen" });
    root.append(this.head(open), this.encoding(), place);
    this.look = new Look(place, facts, refused);
    document.title = `${facts.name} \u2013 nlac`;
  }

  head(open) {
    const { facts } = this, tags = Object.entries(facts.tags ?? {});
    const original = facts.stream ? download("Download the original", "download",
      { ref: facts.ref, what: "original" }, { class: "button primary" }) : null;
    const more = [["Name", facts.name], ["Format", facts.format], ["Bytes", count(facts.bytes)],
      ["Frames", count(facts.frames)],
      ...tags.map(([name, values]) => [name, [values].flat().join(", ")]),
        ...(facts.notes ?? []).map((note) => ["Note", note])];
    const origin = facts.stream?.origin?.summary ?? [];
    return el("section.card", { "aria-label": "Recording" },
      el("div.row.apart.sending", {},
        el("div", {}, el("h1", {}, facts.name),
          el("span.soft.number", {}, [format(facts), duration(facts.seconds), size(facts.bytes)].join(" \u00b7 ")),
          ...origin.map((line) => el("p.small", {}, line))),
        el("div.row", {}, chooser("Choose a file", open),
          el("a.button", { href: `#/compare?${new URLSearchParams({ a: facts.ref })}` }, "Compare"), original)),
      el("details.small", {}, el("summary", {}, tags.length ? "Facts and tags" : "Facts"),
        el("dl.facts.number", {}, ...more.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))));
  }

  encoding() {
    const { about } = this;
    this.boxes = about.presets.map((preset) => el("input", { type: "checkbox", value: preset,
      checked: !SLOW.includes(preset), on: { change: () => this.ready() } }));
    this.all = el("input", { type: "checkbox", checked: true,
      on: { change: () => { for (const box of this.boxes) box.checked = this.all.checked; this.ready(); } } });
    const others = Array.isArray(about.peers) ? about.peers : Object.keys(about.peers);
    this.peers = others.length ? el("input", { type: "checkbox", checked: true }) : null;
    this.start = button("Encode", () => this.encode(), { class: "primary" });
    this.stop = button("Stop", () => remove(`jobs/${this.job}`).catch(complain), { hidden: true });
    this.ready();
    const box = (input, text) => el("label.choice", {}, input, text);
    return el("section.card", { "aria-label": "Encoding" },
      el("div.row", {},
        el("fieldset", {}, el("legend.away", {}, "Presets"), el("div.row", {}, box(this.all, "all presets:"),
          ...this.boxes.map((each) => box(each, each.value)),
          this.peers && box(this.peers, `beside ${others.map((name) => name.split(" ")[0]).join(" and ")}`))),
        el("span.row.push", {}, this.stop, this.start)),
      this.table);
  }

  ready() {
    const chosen = this.boxes.filter((box) => box.checked).length;
    this.all.checked = chosen === this.boxes.length;
    this.all.indeterminate = chosen > 0 && !this.all.checked;
    this.start.disabled = !chosen;
  }

  async encode() {
    this.start.disabled = true;
    try {
      const presets = this.boxes.filter((box) => box.checked).map((box) => box.value);
      const { id } = await post("jobs", { ref: this.facts.ref, presets, peers: Boolean(this.peers?.checked) });
      history.replaceState(null, "", `#/file?${new URLSearchParams({ ref: this.facts.ref, job: id })}`);
      say("Encoding has begun.");
      this.resume(id);
    } catch (error) {
      complain(error);
      this.start.disabled = false;
    }
  }

  /** Follow a job, if there is one. */
  resume(job) {
    if (!job) return;
    this.job = job;
    this.rows = [];
    this.unfollow?.();
    this.unfollow = follow(`jobs/${job}/events`, (state) => this.update(state), () => this.idle());
  }

  update(state) {
    announce(this.rows, state.rows);
    const fresh = codecTable(state.rows, this.facts.name), shown = this.table.firstChild;
    if (shown && this.rows.length === state.rows.length) renew(shown, fresh);
    else this.table.replaceChildren(fresh);
    this.rows = state.rows;
    const over = !["waiting", "running"].includes(state.state);
    this.stop.hidden = over;
    this.start.disabled = !over;
    if (over) this.idle();
    if (state.state === "failed" && state.error) complain(new Error(state.error));
    this.offer();
  }

  idle() {
    this.stop.hidden = true;
    this.ready();
  }

  /** Let the pictures have the streams that are there. */
  offer() {
    const streams = this.rows.filter((row) => row.preset && row.ref &&
      row.bytes != null).map((row) => [row.preset, row.ref]);
    if (this.facts.stream) streams.unshift(["this stream", this.facts.ref]);
    if (streams.length) this.look.offer(new Map(streams));
  }

  end() {
    this.unfollow?.();
    this.look.end();
  }
}
