// What the views of models and of training share.

import { count, duration } from "./format.js";
import { el } from "./ui.js";

let fields = 0;

/** A labelled field of a form. */
export function field(label, input, given = {}) {
  input.id ||= `field-${++fields}`;
  return el("div.field", given, el("label", { for: input.id }, label), input);
}

export const number = (value, given = {}) => el("input", { type: "number", value, ...given });

/** What a name such as runs:first stands for. */
export const shortName = (id) => id.replace(/^[a-z]+:/, "");

export const stateClass = (state) => ({ failed: "bad", killed: "bad", running: "ok", finished: "ok" })[state] ?? "soft";

/** A list of terms; what is missing is left out. */
export function terms(pairs) {
  return el("dl.facts", {}, ...pairs.filter(([, value]) => value != null && value !== "")
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** Nested settings as `section.key value` lines. */
export function flattened(values, prefix = "") {
  return Object.entries(values ?? {}).flatMap(([key, value]) => {
    if (value && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length) return flattened(value, `${prefix}${key}.`);
    const isList = Array.isArray(value) && value.every((each) => typeof each !== "object");
    return [[prefix + key, typeof value === "string" ? value : isList ? value.join(", ") : JSON.stringify(value)]];
  });
}

export const settingsTable = (values, caption) => el("div.scroll.tall", { tabindex: 0, role: "group", "aria-label": caption },
  el("table", {}, el("caption.away", {}, caption), el("tbody", {},
    ...flattened(values).map(([key, value]) => el("tr", {}, el("th", { scope: "row" }, key), el("td.left.wrap", {}, value))))));

/** Steps, parameters and time of a run, in words. */
export const progressOf = (run) => [run.steps ? `step ${count(run.step)} of ${count(run.steps)}` : "", duration(run.seconds)].filter(Boolean).join(", ");
