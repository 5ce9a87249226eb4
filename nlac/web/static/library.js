// The library: a table of the served folder.

import { count, saving, size, time } from "./format.js";
import { address, button, complain, copyable, el, get, say, settled } from "./ui.js";

const AT_ONCE = 100;
const COLUMNS = [["title", "title", "left"], ["artist", "artist", "left"], ["album", "album", "left"],
  ["seconds", "length"],
  ["bytes", "size"], ["saved", "saved"], ["predictor", "coded by", "left"]];

export async function show(root, parameters, about) {
  if (about.folder == null) {
    root.append(el("section.card.column", {}, el("h1", {}, "Library"),
      el("p.soft", {}, "This server shows no folder. Start it with one: "), copyable("nlac serve FOLDER")));
    return null;
  }
  const library = new Library(root, parameters, about);
  await library.load(true);
  return () => library.control?.abort();
}

class Library {
  constructor(root, parameters, about) {
    this.query = parameters.get("query") ?? "";
    this.sort = parameters.get("sort") ?? "path";
    this.order = parameters.get("order") ?? "up";
    this.rows = [];
    this.search = el("input", { type: "search", value: this.query, placeholder: "Search names and tags",
      "aria-label": "Search the library",
      on: { input: settled(() => { this.query = this.search.value; this.load(true); }, 200) } });
    this.total = el("span.soft.number", { role: "status" });
    this.heads = COLUMNS.map(([key, text, side]) => el(`th${side ? `.${side}` : ""}`,
      { scope: "col", data: { key } }, button(text, () => this.sortBy(key))));
    this.body = el("tbody");
    this.more = button("Show more", () => this.load(false), { hidden: true });
    const sortNow = () => this.sortBy(sorting.value, "up");
    const sorting = el("select.narrow", { "aria-label": "Sort by", on: { change: sortNow } },
      el("option", { value: "path" }, "path"), ...COLUMNS.map(([key, text]) => el("option", { value: key }, text)));
    sorting.value = this.sort;
    this.select = sorting;
    root.append(el("section.card", { "aria-label": "Library" },
      el("div.row", {}, el("h1", {}, about.folder || "Library"), this.total,
        el("span.row.push", {}, sorting, this.search)),
      el("div.scroll", {}, el("table.narrow-cards", {}, el("caption.away", {}, "Recordings of the library"),
        el("thead", {}, el("tr", {}, el("td"), ...this.heads, el("td"))), this.body)),
      this.more));
  }

  sortBy(key, order = null) {
    this.order = order ?? (this.sort === key && this.order === "up" ? "down" : "up");
    this.sort = this.select.value = key;
    this.load(true);
  }

  async load(fresh) {
    this.control?.abort();
    this.control = new AbortController();
    for (const head of this.heads) {
      if (head.dataset.key === this.sort) head.setAttribute("aria-sort", this.order === "up" ? "ascending"
        : "descending");
      else head.removeAttribute("aria-sort");
    }
    const told = { query: this.query, sort: this.sort, order: this.order };
    history.replaceState(null, "", `#/library?${new URLSearchParams(told)}`);
    try {
      const found = await get("library", { ...told, offset: fresh ? 0 : this.rows.length, limit: AT_ONCE },
        this.control.signal);
      if (fresh) { this.rows = []; this.body.replaceChildren(); }
      this.rows.push(...found.rows);
      this.body.append(...found.rows.flatMap((row) => libraryRow(row)));
      if (!found.total) this.body.append(el("tr", {}, el("td.left", { colspan: COLUMNS.length + 2 }, this.query
        ? "Nothing is found." : "There are no recordings in this folder.")));
      const { bytes, original_bytes: before } = found;
      const share = bytes > before ? "" : `, ${saving(bytes, before)} saved`;
      const saved = before ? ` \u00b7 ${size(bytes)} of ${size(before)}${share}` : "";
      this.total.textContent = `${count(found.total)} recording${found.total === 1 ? "" : "s"}${saved}`;
      this.more.hidden = this.rows.length >= found.total;
    } catch (error) {
      complain(error);
    }
  }
}

function libraryRow(row) {
  const cell = (label, value, side = "") => el(`td${side}`, { data: { label } }, value || "");
  const name = row.path.split("/").at(-1), folder = row.path.slice(0, -name.length).replace(/\/$/, "");
  const cover = row.has_cover ? el("img.cover", { src: address("library/cover", { ref: row.ref }), alt: "",
    loading: "lazy", width: 36, height: 36 }) : null;
  const saved = row.original_bytes ? saving(row.bytes, row.original_bytes) : "";
  const extra = el("tr", { hidden: true });
  const commands = button("commands", async () => {
    const opens = extra.hidden;
    if (opens && !extra.firstChild) {
      try {
        const found = await get("library/commands", { ref: row.ref });
        extra.append(el("td.left.full", { colspan: COLUMNS.length + 2 },
          el("p.small.soft", {}, "Run these in the library's folder; this page changes no files."),
          ...found.map(({ what, command }) => el("div", {}, el("span.small.soft", {}, what), copyable(command)))));
      } catch (error) { complain(error); return; }
    }
    extra.hidden = !opens;
    commands.setAttribute("aria-expanded", String(opens));
    if (opens) say("Commands are shown below.");
  }, { class: "quiet", "aria-expanded": "false", "aria-label": `Commands for ${name}` });
  const link = row.damaged ? el("bdi", {}, row.title || name)
    : el("a", { href: `#/file?${new URLSearchParams({ ref: row.ref })}` }, el("bdi", {}, row.title || name));
  return [el("tr", {},
    el(`td${cover ? "" : ".none"}`, {}, cover),
    el("th.wrap", { scope: "row" }, link,
      el("div.small.soft", {}, row.title ? row.path : folder),
      row.damaged ? el("div.small.bad", {}, `damaged: ${row.damaged}`) : null),
    cell("artist", row.artist, ".left.wrap"), cell("album", row.album, ".left.wrap"),
    cell("length", row.seconds == null ? "" : time(row.seconds)), cell("size", size(row.bytes)), cell("saved", saved),
    cell("coded by", row.predictor, ".left"),
    el("td.full", {}, commands)), extra];
}
