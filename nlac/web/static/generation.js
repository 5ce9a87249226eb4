// Generation: what to make, what is being made, and what was made before.

import { duration, percent } from "./format.js";
import { Live } from "./live.js";
import { field, number } from "./research.js";
import { address, button, complain, copyable, download, el, follow, get, post, remove, say } from "./ui.js";
import { chooser, upload } from "./upload.js";

// what means nothing to the models of a recipe
const UNUSED = { mel: ["top_k", "top_p"], continuation: ["temperature", "top_k", "top_p"] };

/** Show what generates audio with a run; returns what ends it. */
export function showGeneration(root, run, about) {
  const control = new Generation(root, run, about);
  return () => control.end();
}

class Generation {
  constructor(root, run, about) {
    this.run = run;
    this.about = about;
    this.prime = null;
    this.endings = [];
    this.inputs = {
      seconds: number(5, { min: 0.1, max: 600, step: "any", required: true }),
      temperature: number(1, { min: 0, max: 100, step: "any", required: true }),
      top_k: number(0, { min: 0, step: 1, required: true }),
      top_p: number(1, { min: 0.000001, max: 1, step: "any", required: true }),
      seed: number(0, { min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, required: true }),
    };
    for (const name of UNUSED[run.recipe] ?? []) this.inputs[name].disabled = true;
    const { seconds, temperature, top_k, top_p, seed } = this.inputs;
    this.start = button("Generate", null, { type: "submit", class: "primary" });
    this.stop = button("Stop", () => remove(`generations/${this.id}`).catch(complain), { hidden: true });
    this.stage = el("span.soft", { role: "status" });
    this.begins = el("span.soft", {}, "nothing");
    this.command = el("div");
    this.form = el("form.column", { on: { submit: (event) => { event.preventDefault(); this.begin(); }, input: () => this.tellCommand() } },
      el("div.fields", {}, field("seconds", seconds), field("temperature", temperature), field("top-k (0: all)", top_k),
        field("top-p", top_p), field("seed", seed), ...this.labels()),
      this.beginning(), el("div.row", {}, this.start, this.stop, this.stage));
    this.now = el("div");
    this.before = el("div", { "aria-label": "What was made", role: "group" });
    root.append(el("section.card", {}, el("h2", {}, "Generate"), this.form, this.now, this.before,
      el("details", {}, el("summary", {}, "The same on the command line"), this.command)));
    this.tellCommand();
    this.recall().catch(complain);
  }

  labels() {
    const labels = Object.entries(this.run.data.labels ?? {});
    if (!labels.length) return [];
    const [name, values] = labels[0];
    this.inputs.label = el("select", {}, ...values.map((value) => el("option", { value: String(value) }, String(value))));
    return [field(name, this.inputs.label)];
  }

  /** What the model begins with: nothing, a file of the user, or one of the library. */
  beginning() {
    this.part = number("", { min: 0.01, max: 3600, step: "any", placeholder: "all" });
    const clear = button("Nothing", () => this.use(null), { class: "quiet" });
    const parts = [el("span", {}, "Begin with:"), this.begins,
      chooser("A file\u2026", (file) => this.send(file).catch(complain), { class: "tiny" }), clear];
    this.clear = clear;
    if (this.about.folder != null) parts.splice(3, 0, this.searchFolder());
    this.partField = field("seconds of it", this.part, { hidden: true });
    clear.hidden = true;
    return el("div.row", {}, ...parts, this.partField);
  }

  searchFolder() {
    const list = el("datalist", { id: "prime-files" }), found = new Map();
    const input = el("input", { type: "search", list: list.id, placeholder: "or search the library", "aria-label": "A recording of the library to begin with" });
    let timer;
    const search = async () => {
      const { rows } = await get("library", { query: input.value, limit: 20 });
      for (const row of rows) found.set(row.path, row.ref);
      list.replaceChildren(...rows.map((row) => el("option", { value: row.path })));
    };
    input.addEventListener("input", () => {
      if (found.has(input.value)) { this.use({ ref: found.get(input.value), name: input.value }); return; }
      clearTimeout(timer);
      timer = setTimeout(() => search().catch(complain), 250);
    });
    input.addEventListener("focus", () => search().catch(complain), { once: true });
    return el("span", {}, input, list);
  }

  async send(file) {
    this.begins.textContent = `sending ${file.name}`;
    try {
      const sent = await upload(file, (share) => { this.begins.textContent = `sending ${file.name}, ${percent(share, 0)}`; });
      this.use({ ref: sent.ref, name: sent.name });
    } catch (error) {
      this.use(null);
      throw error;
    }
  }

  use(prime) {
    this.prime = prime;
    this.begins.textContent = prime?.name ?? "nothing";
    this.clear.hidden = this.partField.hidden = !prime;
    this.tellCommand();
  }

  wish() {
    const values = Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.type === "number" ? Number(input.value) : input.value]));
    const prime = this.prime ? { prime: this.prime.ref, prime_seconds: this.part.value ? Number(this.part.value) : null } : {};
    return { run: this.run.id, ...values, ...prime };
  }

  tellCommand() {
    const parts = ["nlac generate", quoted(this.run.path), "out.wav"];
    for (const [name, input] of Object.entries(this.inputs)) {
      if (!input.disabled && input.value !== "") parts.push(`--${name.replace("_", "-")} ${quoted(input.value)}`);
    }
    if (this.prime) parts.push(`--prime ${quoted(this.prime.name)}`);
    if (this.prime && this.part.value) parts.push(`--prime-seconds ${this.part.value}`);
    this.command.replaceChildren(copyable(parts.join(" ")));
  }

  async begin() {
    this.start.disabled = true;
    this.stage.textContent = "beginning";
    try {
      const { id } = await post("generations", this.wish());
      this.watch(id);
    } catch (error) {
      this.start.disabled = false;
      this.stage.textContent = "";
      complain(error);
    }
  }

  /** Show a generation as it goes on. */
  watch(id) {
    this.id = id;
    this.start.disabled = true;
    this.stop.hidden = false;
    this.live?.end();
    this.live = new Live(this.now, id, complain);
    this.unfollow?.();
    this.unfollow = follow(`generations/${id}/events`, (state) => this.tell(state), complain);
  }

  tell(state) {
    this.live?.follow(state);
    const share = state.total ? `, ${percent(state.frames / state.total, 0)}` : "";
    if (state.state === "waiting") this.stage.textContent = "waiting for other work to end";
    else if (state.state === "running") this.stage.textContent = `${state.stage}${state.frames ? share : ""}${state.device ? `, on ${state.device}` : ""}`;
    else this.over(state);
  }

  over(state) {
    this.start.disabled = false;
    this.stop.hidden = true;
    this.stage.textContent = { failed: "", stopped: "stopped", done: `made in ${duration(state.took_seconds)}` }[state.state];
    if (state.state === "failed") {
      this.live?.end();
      this.live = null;
      complain(new Error(state.error || "The model made no audio."));
    }
    if (state.unused.length) this.stage.textContent += `; without effect here: ${state.unused.join(", ")}`;
    if (state.ref) this.before.prepend(made(state));
    say(state.state === "done" ? "The audio is made." : `Generation ${state.state}.`);
  }

  /** What this server has made with the run, and what it is making. */
  async recall() {
    const mine = (await get("generations")).filter((each) => each.run === this.run.id);
    this.before.append(...mine.filter((each) => each.ref).map(made));
    const going = mine.find((each) => ["waiting", "running"].includes(each.state));
    if (going && !this.id) this.watch(going.id);
  }

  end() {
    this.unfollow?.();
    this.live?.end();
  }
}

const quoted = (text) => (/^[\w./:-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`);

function made(state) {
  const { wish } = state, told = [`seed ${wish.seed}`, `temperature ${wish.temperature}`];
  if (wish.top_k) told.push(`top-k ${wish.top_k}`);
  if (wish.top_p < 1) told.push(`top-p ${wish.top_p}`);
  if (wish.label) told.push(wish.label);
  if (wish.prime) told.push(`after ${state.begins_with || "a recording"}`);
  if (state.state === "stopped") told.push("stopped");
  const text = told.join(", ");
  return el("div.made", {}, el("span", {}, `${duration(state.frames / state.rate)}: ${text}`),
    el("audio", { controls: true, preload: "metadata", src: address("audio", { ref: state.ref }), "aria-label": text }),
    download("Download", "download", { ref: state.ref, what: "original" }, { class: "button tiny", "aria-label": `Download, ${text}` }));
}
