// Training: a new run, its data to listen to, what is being trained, and runs that can go on.

import { Curves, figure, style } from "./curves.js";
import { count, duration, fixed } from "./format.js";
import { field, number, shortName, stateClass } from "./research.js";
import { address, button, complain, copyable, download, el, follow, get, post, remove, say, settled } from "./ui.js";

const SPLITS = { "": "all splits", train: "training", valid: "validation", test: "test" };
const ROWS = 12;

export async function show(root) {
  style("./research.css");
  const [recipes, { datasets, problems }, { runs }, trainings] = await Promise.all([get("recipes"), get("datasets"), get("runs"), get("trainings")]);
  const live = el("div.view"), shown = new Map(), known = new Set(runs.map((run) => run.id));
  const watch = (training) => {
    shown.get(training.run)?.end();
    const one = new Watch(live, training, refresh, known.has(training.run));
    known.add(training.run);
    shown.set(training.run, one);
    return one;
  };
  const others = el("section.card");
  const refresh = async () => showResumable(others, (await get("runs")).runs, resume);
  const resume = async (run, steps) => {
    const { id } = await post("trainings/resume", { run, steps });
    watch({ id, run }).focus();
    await refresh();
  };
  const form = new Beginning(recipes, datasets, known, (training) => watch(training).focus());
  root.append(el("h1", {}, "Training"), form.root, live, others, ...problems.map((text) => el("p.bad.small", {}, text)));
  const latest = new Map();
  for (const training of trainings) if (!latest.has(training.run)) latest.set(training.run, training);
  for (const training of [...latest.values()].reverse()) watch(training);
  showResumable(others, runs, resume);
  return () => { form.end(); for (const one of shown.values()) one.end(); };
}

/** The form of a new run, and beside it the data. */
class Beginning {
  constructor(recipes, datasets, taken, begun) {
    this.recipes = new Map(recipes.map((recipe) => [recipe.name, recipe]));
    this.datasets = new Map(datasets.map((dataset) => [dataset.id, dataset]));
    this.taken = taken;
    this.begun = begun;
    this.recipe = el("select", { on: { change: () => this.chosen() } }, ...recipes.map(({ name }) => el("option", { value: name }, name)));
    this.dataset = el("select", { on: { change: () => this.chosen() } }, ...datasets.map(({ id }) =>
      el("option", { value: id }, id === "synthetic" ? "built-in (synthetic)" : shortName(id))));
    this.name = el("input", { type: "text", required: true, maxlength: 64, pattern: "[A-Za-z0-9][A-Za-z0-9_.\\-]*", title: "letters, digits, dots, hyphens and underscores", autocomplete: "off" });
    this.length = number(100, { min: 0, step: "any", required: true });
    this.unit = el("select", { "aria-label": "Unit of the length" }, el("option", { value: "steps" }, "steps"), el("option", { value: "epochs" }, "epochs"));
    this.batch = number("", { min: 1, step: 1 });
    this.rate = number("", { min: 0, step: "any" });
    this.seed = number("", { min: 0, step: 1 });
    this.about = el("p.soft.small");
    this.facts = el("p.soft.small");
    this.command = el("div");
    this.start = button("Train", null, { type: "submit", class: "primary" });
    const form = el("form.column", { on: { submit: (event) => { event.preventDefault(); this.begin(); }, input: () => this.tellCommand() } },
      el("div.fields.wide-ones", {}, field("recipe", this.recipe), field("data", this.dataset), field("name of the run", this.name)),
      this.about, this.facts,
      el("div.fields", {}, field("train for", this.length), field("in", this.unit), field("batch", this.batch), field("learning rate", this.rate), field("seed", this.seed)),
      el("div.row", {}, this.start), el("details", {}, el("summary", {}, "The same on the command line"), this.command));
    this.data = new Recordings();
    this.root = el("div.view", {}, el("section.card", {}, el("h2", {}, "New run"), form), this.data.root);
    if (this.recipes.has("gru")) this.recipe.value = "gru";
    this.chosen();
  }

  chosen() {
    const recipe = this.recipes.get(this.recipe.value), dataset = this.datasets.get(this.dataset.value);
    this.about.textContent = recipe.about;
    const { train } = dataset.splits, licences = Object.keys(dataset.licences).join("; ");
    this.facts.textContent = `${count(train.recordings)} recordings to train on, ${duration(train.seconds)} at ${count(dataset.rate)} Hz; licence: ${licences}` +
      (dataset.id === "synthetic" && recipe.data.rate && recipe.data.rate !== dataset.rate ? `. This recipe makes them at ${count(recipe.data.rate)} Hz.` : "");
    const given = recipe.train;
    if (this.unit.value === "steps") this.length.value = given.steps ?? 2000;
    this.batch.placeholder = given.batch ?? 32;
    // YAML takes 2e-3 for a text
    this.rate.placeholder = Number(given.rate ?? 0.001);
    this.seed.placeholder = given.seed ?? 1;
    if (!this.named || this.name.value === this.named) this.name.value = this.named = this.freeName(recipe.name);
    this.data.show(dataset);
    this.tellCommand();
  }

  freeName(name) {
    for (let i = 1; ; i++) if (!this.taken.has(`runs:${name}-${i}`)) return `${name}-${i}`;
  }

  wish() {
    const given = (input) => (input.value === "" ? null : Number(input.value));
    return {
      name: this.name.value, recipe: this.recipe.value, dataset: this.dataset.value, [this.unit.value]: given(this.length),
      batch: given(this.batch), rate: given(this.rate), seed: given(this.seed),
    };
  }

  tellCommand() {
    const wish = this.wish(), data = wish.dataset === "synthetic" ? "synthetic" : shortName(wish.dataset);
    const sets = ["steps", "batch", "rate", "seed"].filter((key) => wish[key] != null).map((key) => ` --set train.${key}=${wish[key]}`);
    this.command.replaceChildren(copyable(`nlac train ${wish.recipe} --data ${data}${sets.join("")} --out ${wish.name || "RUN"}`));
  }

  async begin() {
    this.start.disabled = true;
    try {
      const wish = this.wish(), { id } = await post("trainings", wish);
      this.begun({ id, run: `runs:${wish.name}` });
      this.name.value = this.named = this.freeName(wish.recipe);
      this.tellCommand();
    } catch (error) {
      complain(error);
    } finally {
      this.start.disabled = false;
    }
  }

  end() { this.data.end(); }
}

/** Recordings of a dataset, to listen to and to save. */
class Recordings {
  constructor() {
    this.offset = 0;
    this.audio = el("audio", { preload: "none", on: { ended: () => this.playing(null), pause: () => this.playing(null) } });
    const search = settled(() => this.from(0), 250);
    this.query = el("input", { type: "search", placeholder: "name or label", "aria-label": "Search the recordings", on: { input: search } });
    this.split = el("select", { "aria-label": "Split", on: { change: () => this.from(0) } }, ...Object.entries(SPLITS).map(([value, text]) => el("option", { value }, text)));
    this.told = el("span.soft.small.number", { role: "status" });
    this.back = button("Earlier", () => this.from(this.offset - ROWS), { class: "tiny" });
    this.next = button("Later", () => this.from(this.offset + ROWS), { class: "tiny" });
    this.body = el("tbody");
    this.root = el("section.card", {}, el("details", { on: { toggle: (event) => event.target.open && this.load().catch(complain) } },
      el("summary", {}, "Listen to the data"), this.audio,
      el("div.row", {}, this.query, this.split, el("span.push"), this.told, this.back, this.next),
      el("div.scroll", {}, el("table.narrow-cards", {}, el("caption.away", {}, "Recordings"),
        el("thead", {}, el("tr", {}, ...["recording", "split", "length", "labels", "licence", ""].map((head, i) => (head ? el(`th${i === 2 ? "" : ".left"}`, { scope: "col" }, head) : el("td"))))), this.body))));
  }

  show(dataset) {
    if (this.dataset?.id === dataset.id) return;
    this.dataset = dataset;
    this.audio.pause();
    this.from(0);
  }

  from(offset) {
    this.offset = Math.max(0, offset);
    if (this.root.firstChild.open) this.load().catch(complain);
  }

  async load() {
    const asked = { dataset: this.dataset.id, query: this.query.value, split: this.split.value, offset: this.offset, limit: ROWS };
    this.asked = asked;
    const { total, rows } = await get("datasets/recordings", asked);
    if (this.asked !== asked) return;
    this.told.textContent = total ? `${count(this.offset + 1)} to ${count(this.offset + rows.length)} of ${count(total)}` : "none";
    this.back.disabled = !this.offset;
    this.next.disabled = this.offset + rows.length >= total;
    this.body.replaceChildren(...rows.map((row) => this.row(row)));
    this.playing(this.index);
  }

  row(row) {
    const play = button("\u25b6", () => this.play(row.index), { class: "tiny", data: { index: row.index }, "aria-label": `Play ${row.name}` });
    return el("tr", {}, el("th", { scope: "row" }, row.name), el("td.left", { data: { label: "split" } }, SPLITS[row.split]),
      el("td", { data: { label: "length" } }, duration(row.seconds)),
      el("td.left.wrap.soft", { data: { label: "labels" } }, Object.entries(row.labels).map(([name, value]) => `${name}: ${value}`).join(", ")),
      el("td.left.wrap.soft", { data: { label: "licence" } }, row.licence),
      el("td.full", {}, el("span.row", {}, play, download("Download", "datasets/audio", { dataset: this.dataset.id, index: row.index, download: true }, { class: "button tiny", "aria-label": `Download ${row.name}` }))));
  }

  play(index) {
    const same = this.index === index && !this.audio.paused;
    this.audio.pause();
    if (same) return;
    this.audio.src = address("datasets/audio", { dataset: this.dataset.id, index });
    this.audio.play().then(() => this.playing(index)).catch((error) => error.name === "AbortError" || complain(error));
  }

  playing(index) {
    this.index = index;
    for (const each of this.body.querySelectorAll("button[data-index]")) each.textContent = Number(each.dataset.index) === index ? "\u2016" : "\u25b6";
  }

  end() {
    this.audio.pause();
    this.audio.removeAttribute("src");
  }
}

/** A run that is trained: how far it is, its curves, and a way to stop it. */
class Watch {
  constructor(root, training, changed, hasFigures) {
    this.run = training.run;
    this.hasFigures = hasFigures;
    this.changed = changed;
    this.bar = el("progress", { max: 1, value: 0, "aria-label": `Progress of ${shortName(this.run)}` });
    this.state = el("span.number", { role: "status" });
    this.stop = button("Stop, with a checkpoint", () => remove(`trainings/${training.id}`).catch(complain));
    this.figures = el("p.number");
    this.card = el("section.card", { tabindex: -1, "aria-label": `Training of ${shortName(this.run)}` },
      el("div.row.apart", {}, el("h2", {}, el("a", { href: `#/models?${new URLSearchParams({ run: this.run })}` }, shortName(this.run))), this.state),
      this.bar, this.figures, el("div.row", {}, this.stop));
    root.prepend(this.card);
    this.curves = new Curves(this.card);
    this.unfollow = follow(`trainings/${training.id}/events`, (state) => this.tell(state), complain);
  }

  focus() { this.card.focus(); this.card.scrollIntoView({ block: "nearest" }); }

  tell(state) {
    const over = !["waiting", "running"].includes(state.state), steps = state.steps ? `step ${count(state.step ?? 0)} of ${count(state.steps)}` : "";
    const word = state.state === "failed" ? "failed" : state.run_state || (over ? state.state : state.stage || state.state);
    this.state.replaceChildren(el(`span.${stateClass(word)}`, {}, word), steps ? `, ${steps}` : "");
    this.bar.value = state.steps ? (state.step ?? 0) / state.steps : 0;
    if (!state.steps && !over) this.bar.removeAttribute("value");
    this.stop.hidden = over;
    this.stop.disabled = state.stage === "writing a checkpoint";
    if ((state.lines || this.hasFigures) && (state.lines !== this.lines || over)) {
      this.lines = state.lines;
      this.more().catch(complain);
    }
    if (!over) return;
    this.bar.hidden = true;
    if (state.error) this.figures.replaceChildren(el("span.bad", {}, state.error));
    if (!this.over) { say(`${shortName(this.run)}: ${word}.`); this.changed().catch(complain); }
    this.over = true;
  }

  async more() {
    if (this.asking) { this.again = true; return; }
    this.asking = true;
    try {
      do {
        this.again = false;
        await this.curves.add((await get("runs/metrics", { run: this.run, after: this.curves.last })).records);
        this.tellFigures();
      } while (this.again);
    } finally {
      this.asking = false;
    }
  }

  tellFigures() {
    const last = this.curves.records.at(-1);
    if (!last) return;
    const valid = this.curves.records.findLast((each) => Object.keys(each).some((key) => key.startsWith("valid."))) ?? {};
    const told = (record, kind) => Object.entries(record).filter(([key]) => key.startsWith(`${kind}.`)).map(([key, value]) => `${key.slice(6)} ${figure(value)}`).join(", ");
    this.figures.textContent = [`training ${told(last, "train")}`, told(valid, "valid") && `validation ${told(valid, "valid")}`, `${fixed(last.seconds, 1)} s`].filter(Boolean).join("; ");
  }

  end() {
    this.unfollow();
    this.curves.end();
    this.card.remove();
  }
}

function showResumable(card, runs, resume) {
  const mine = runs.filter((run) => run.id.startsWith("runs:") && (!run.goes_on || run.state === "finished"));
  card.hidden = !mine.length;
  card.replaceChildren(el("h2", {}, "Go on with a run"), el("div.scroll", {}, el("table.narrow-cards", {}, el("caption.away", {}, "Runs that can go on"),
    el("thead", {}, el("tr", {}, ...["run", "recipe", "state", "step", "steps in all", ""].map((head, i) => (head ? el(`th${i === 1 || i === 2 ? ".left" : ""}`, { scope: "col" }, head) : el("td"))))),
    el("tbody", {}, ...mine.map((run) => {
      const least = run.state === "finished" ? (run.steps ?? 0) + 1 : 1;
      const steps = number(run.state === "finished" ? (run.steps ?? 0) * 2 : run.steps, { min: least, step: 1, "aria-label": `Steps in all of ${shortName(run.id)}`, class: "few-digits" });
      const go = button("Go on", () => resume(run.id, Number(steps.value)).catch(complain), { class: "tiny", "aria-label": `Go on with ${shortName(run.id)}` });
      return el("tr", {}, el("th", { scope: "row" }, el("a", { href: `#/models?${new URLSearchParams({ run: run.id })}` }, shortName(run.id))),
        el("td.left", { data: { label: "recipe" } }, run.recipe), el(`td.left.${stateClass(run.state)}`, { data: { label: "state" } }, run.state),
        el("td", { data: { label: "step" } }, count(run.step)), el("td", { data: { label: "steps in all" } }, steps), el("td.full", {}, go));
    })))));
}
