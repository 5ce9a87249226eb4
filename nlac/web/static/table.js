// The table of codecs: sizes, times, and whether the same file came back.

import { count, duration, fixed, percent, speed } from "./format.js";
import { download, el, say } from "./ui.js";

const HEADS = ["codec", "", "bytes", "of original", "against flac", "bits a sample", "encode", "decode", "exact", ""];

/** Make the table of a job's rows. `name` is that of the original file. */
export function codecTable(rows, name) {
  const done = rows.filter((row) => row.bytes != null), largest = Math.max(...done.map((row) => row.bytes), 1);
  const flac = done.find((row) => row.codec.startsWith("flac"));
  return el("table.narrow-cards", {},
    el("caption.away", {}, `Codecs on ${name}`),
    el("thead", {}, el("tr", {}, ...HEADS.map((head) => (head ? el("th", { scope: "col" }, head) : el("td"))))),
    el("tbody", {}, ...rows.map((row) => codecRow(row, largest, flac, name))));
}

/**
 * Make a table tell what a fresh one of as many rows tells. Cells that are the same stay in place,
 * since a click is lost, and so is the keyboard's focus, when the element below it is replaced.
 */
export function renew(table, fresh) {
  [...fresh.tBodies[0].rows].forEach((row, i) => {
    const old = table.tBodies[0].rows[i];
    if (old.cells.length !== row.cells.length) old.replaceWith(row);
    else [...row.cells].forEach((cell, j) => { if (!old.cells[j].isEqualNode(cell)) old.cells[j].replaceWith(cell); });
  });
}

function codecRow(row, largest, flac, name) {
  const cell = (label, ...content) => el("td", { data: { label } }, ...content);
  const head = el("th", { scope: "row" }, row.codec);
  if (row.bytes == null) {
    return el(`tr${row.preset ? "" : ".peer"}`, {}, head, el("td.bar.full", { colspan: HEADS.length - 1 },
      waiting(row)));
  }
  const less = flac && flac !== row && flac.bytes ? row.bytes / flac.bytes - 1 : null;
  return el(`tr${row.preset ? "" : ".peer"}`, {}, head,
    el("td.bar", { "aria-hidden": true }, el("i", { style: { width: `${(100 * row.bytes) / largest}%` } })),
    cell("bytes", count(row.bytes)),
    cell("of original", percent(row.share)),
    cell("against flac", less == null ? "" : percent(less, 1)),
    cell("bits a sample", fixed(row.bits_per_sample, 3)),
    el("td.soft", { data: { label: "encode" }, title: duration(row.encode_seconds) }, speed(row.encode_speed)),
    el("td.soft", { data: { label: "decode" }, title: duration(row.decode_seconds) }, speed(row.decode_speed)),
    cell("exact", proof(row)),
    el("td.full", {}, row.ref && row.preset ? el("span.row.downloads", {},
      download(".nlac", "download", { ref: row.ref, what: "stream" },
        { class: "button tiny", "aria-label": `Download ${row.preset} as .nlac` }),
      download("decoded", "download", { ref: row.ref, what: "original" },
        { class: "button tiny", "aria-label": `Download the original, decoded from ${row.preset}` })) : null));
}

function waiting(row) {
  if (row.state === "failed") return el("span.bad", {}, row.error || "failed");
  if (row.state === "stopped") return el("span.soft", {}, "stopped");
  if (row.state === "waiting") return el("span.soft", {}, "waiting");
  return el("progress", { max: 1, value: row.progress ?? 0, "aria-label": `${row.codec}: progress` });
}

function proof(row) {
  if (row.exact == null) return "";
  if (!row.exact) return el("span.bad", {}, "not the same");
  return row.proof === "samples"
    ? el("span.ok", { title: "decoded again; all samples were compared" }, "same samples")
    : el("span.ok", { title: "decoded again and compared with the file, byte for byte" }, "same file");
}

/** Tell screen readers which rows have come since the last state. */
export function announce(before, rows) {
  const old = new Set(before.filter((row) => row.bytes != null).map((row) => row.codec));
  const now = rows.filter((row) => row.bytes != null && !old.has(row.codec));
  const told = (row) => `${row.codec}: ${count(row.bytes)} bytes, ${percent(row.share, 1)} of the original`;
  if (now.length) say(now.map(told).join(". "));
}
