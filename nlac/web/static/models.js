// Models and runs: a table of all, and all about one, with its curves, its reach, and what it makes.

import { Curves, figure, style } from "./curves.js";
import { count, percent, size } from "./format.js";
import { showReach } from "./reach.js";
import { progressOf, settingsTable, shortName, stateClass, terms } from "./research.js";
import { address, complain, copyable, el, get, loaded } from "./ui.js";

export async function show(root, parameters, about) {
  style("./research.css");
  const [{ runs, problems }, { models, problems: others }] = await Promise.all([get("runs"), get("models")]);
  const chosen = parameters.get("run") ?? (parameters.get("model") ? null : runs.find((run) => run.has_weights)?.id);
  const model = models.find((each) => each.id === (parameters.get("model") ?? (chosen ? null : models[0]?.id)));
  root.append(el("h1", {}, "Models"), runTable(runs, chosen), ...[...problems, ...others].map((text) => el("p.bad.small", {}, text)));
  const place = el("div.view");
  const endings = [];
  root.append(place, modelTable(models, model?.id));
  if (chosen) endings.push(await showRun(place, chosen, about));
  else if (model) endings.push(showModel(place, model));
  return () => endings.forEach((end) => end());
}

function runTable(runs, chosen) {
  const card = el("section.card", {}, el("h2", {}, "Runs"));
  if (!runs.length) {
    card.append(el("p.soft", {}, "There are no runs yet. ", el("a", { href: "#/training" }, "Train a model"), ", or start one on the command line:"),
      copyable("nlac train wavenet"));
    return card;
  }
  const heads = ["run", "recipe", "state", "steps", "best", "parameters", "device", "begun"];
  card.append(el("div.scroll", {}, el("table.narrow-cards", {}, el("caption.away", {}, "Runs"),
    el("thead", {}, el("tr", {}, ...heads.map((head, i) => el(`th${i === 1 || i === 2 ? ".left" : ""}`, { scope: "col" }, head)))),
    el("tbody", {}, ...runs.map((run) => el(run.id === chosen ? "tr.chosen" : "tr", {},
      el("th", { scope: "row" }, el("a", { href: `#/models?${new URLSearchParams({ run: run.id })}`, "aria-current": run.id === chosen ? "true" : null }, shortName(run.id))),
      el("td.left", { data: { label: "recipe" } }, run.recipe),
      el(`td.left.${stateClass(run.state)}`, { data: { label: "state" } }, run.state),
      el("td", { data: { label: "steps" } }, run.steps ? `${count(run.step)} of ${count(run.steps)}` : count(run.step)),
      el("td", { data: { label: "best" } }, run.best == null ? "" : `${run.criterion} ${figure(run.best)}`),
      el("td", { data: { label: "parameters" } }, count(run.parameters)),
      el("td.soft", { data: { label: "device" } }, run.device.replace(/ \(.*/, "")),
      el("td.soft", { data: { label: "begun" } }, run.begin.slice(0, 16).replace("T", " "))))))));
  return card;
}

function modelTable(models, chosen) {
  return el("section.card", {}, el("h2", {}, "Models of the codec"),
    el("p.soft.small", {}, "Networks of integers that the predictors cnn and gru code with: the shipped ones, and those in the server's folder."),
    el("div.scroll", {}, el("table.narrow-cards", {}, el("caption.away", {}, "Models of the codec"),
      el("thead", {}, el("tr", {}, ...["model", "predictor", "behind", "weights", "size", "licence"].map((head, i) => el(`th${i === 1 || i === 2 ? ".left" : ""}`, { scope: "col" }, head)))),
      el("tbody", {}, ...models.map((model) => el(model.id === chosen ? "tr.chosen" : "tr", {},
        el("th", { scope: "row" }, el("a", { href: `#/models?${new URLSearchParams({ model: model.id })}` }, shortName(model.id))),
        el("td.left", { data: { label: "predictor" } }, model.predictor), el("td.left", { data: { label: "behind" } }, model.front),
        el("td", { data: { label: "weights" } }, count(model.weights)), el("td", { data: { label: "size" } }, size(model.bytes)),
        el("td.wrap.soft", { data: { label: "licence" } }, String(model.card.licence ?? ""))))))));
}

function showModel(place, model) {
  const { card } = model, body = el("section.card", {}, el("h2", {}, `Model ${shortName(model.id)}`), terms([
    ["predictor", `${model.predictor}, behind ${model.front || "no other"}`], ["weights", `${count(model.weights)} of 8 bits`],
    ["size", size(model.bytes)], ["licence", card.licence], ["date", card.date], ["commit", card.commit],
    ["hash", el("code", {}, model.hash)],
  ]));
  const reach = el("section.card", {}, el("h2", {}, "Receptive field"));
  place.append(body, reach, el("section.card", {}, el("h2", {}, "Layers"), el("div.scroll.tall", { tabindex: 0, role: "group", "aria-label": "Layers" },
    el("table", {}, el("thead", {}, el("tr", {}, ...["layer", "outputs", "taps", "dilation", "residual"].map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, el("tr", {}, el("th", { scope: "row" }, "features"), el("td", {}, count(model.inputs)), el("td"), el("td"), el("td")),
        ...model.layers.map((layer, i) => el("tr", {}, el("th", { scope: "row" }, `${i + 1} ${layer.kind}`), el("td", {}, count(layer.outputs)),
          el("td", {}, layer.taps), el("td", {}, layer.dilation), el("td", {}, layer.residual ? "yes" : "no"))))))),
    el("section.card", {}, el("h2", {}, "Card"), settingsTable(card, "Card")));
  // a model is for every sample rate; this one is told as an example
  const field = model.receptive_field, rate = 44100;
  return showReach(reach, field.samples == null ? field : { ...field, rate, milliseconds: (1000 * field.samples) / rate });
}

async function showRun(place, id, about) {
  const run = await get("runs/facts", { run: id }), endings = [];
  const licence = run.card?.licence, data = run.data, rate = data.rate ? `${count(data.rate)} Hz` : "";
  place.append(el("section.card", {},
    el("div.row.apart", {}, el("h2", {}, shortName(run.id)), el("span", {}, el(`span.${stateClass(run.state)}`, {}, run.state), ` ${progressOf(run)}`)),
    run.problem ? el("p.bad", {}, run.problem) : null,
    terms([
      ["recipe", run.recipe], ["parameters", count(run.parameters)], ["device", run.device],
      ["best", run.best == null ? null : `${run.criterion} ${figure(run.best)}`],
      ["data", [data.recordings == null ? "" : `${count(data.recordings)} recordings`, rate, String(run.config.data?.folder ?? run.config.data?.corpus ?? "")].filter(Boolean).join(", ")],
      ["licence", licence], ["size", `${size(run.bytes)} in ${run.files.length} files`],
    ]), listening(run)));
  if (run.has_weights) {
    const { showGeneration } = await loaded(import("./generation.js"));
    endings.push(showGeneration(place, run, about));
  }
  const reach = el("section.card", {}, el("h2", {}, "Receptive field")), curves = el("section.card", {}, el("h2", {}, "Curves"));
  place.append(curves, reach);
  endings.push(showReach(reach, run.receptive_field), showCurves(curves, run));
  place.append(layerCard(run), el("section.card", {}, el("details", {}, el("summary", {}, "Settings"), settingsTable(run.config, "Settings")),
    el("details", {}, el("summary", {}, "Card"), settingsTable(run.card, "Card")),
    el("details", {}, el("summary", {}, "Files"), settingsTable(Object.fromEntries(run.files.map((file) => [file.name, size(file.bytes)])), "Files")),
    el("details", {}, el("summary", {}, "Machine and versions"), settingsTable({ ...run.machine, versions: run.versions, commit: run.commit }, "Machine and versions"))));
  return () => endings.forEach((end) => end());
}

/** Sounds that the run has made itself. */
function listening(run) {
  const sounds = run.files.filter((file) => /^(results|artifacts)\/.*\.wav$/.test(file.name));
  if (!sounds.length) return null;
  return el("div", {}, ...sounds.map((file) => el("div.made", {}, el("span", {}, { "artifacts/generated.wav": "what it generated last", "results/predictions.wav": "what it predicts of the validation" }[file.name] ?? file.name),
    el("audio", { controls: true, preload: "none", src: address("runs/file", { run: run.id, name: file.name }), "aria-label": file.name }))));
}

function layerCard(run) {
  const card = el("section.card", {}, el("h2", {}, "Layers"));
  if (!run.layers.length) { card.append(el("p.soft", {}, "There is no checkpoint to read them from.")); return card; }
  const total = run.layers.reduce((sum, layer) => sum + layer.parameters, 0), most = Math.max(...run.layers.map((layer) => layer.parameters), 1);
  card.append(el("div.scroll.tall", { tabindex: 0, role: "group", "aria-label": "Layers" }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "layer"), el("td"), el("th", { scope: "col" }, "values"), el("th", { scope: "col" }, "share"), el("th.left.wide", { scope: "col" }, "shapes"))),
    el("tbody", {}, ...run.layers.map((layer) => el("tr", {}, el("th", { scope: "row" }, layer.name),
      el("td.bar", { "aria-hidden": true }, el("i", { style: { width: `${(100 * layer.parameters) / most}%` } })),
      el("td", {}, count(layer.parameters)), el("td", {}, percent(layer.parameters / total, 1)),
      el("td.left.soft.wrap.wide", {}, Object.entries(layer.shapes).map(([name, shape]) => `${name} ${shape.join(" \u00d7 ") || "1"}`).join(", "))))))));
  return card;
}

function showCurves(card, run) {
  const curves = new Curves(card), empty = el("p.soft", {}, "There are no figures yet.");
  let timer;
  const more = async () => {
    const { records, state } = await get("runs/metrics", { run: run.id, after: curves.last });
    await curves.add(records);
    empty.hidden = curves.records.length > 0;
    if (state === "running") timer = setTimeout(() => more().catch(complain), 2000);
  };
  card.append(empty);
  more().catch(complain);
  return () => { clearTimeout(timer); curves.end(); };
}
