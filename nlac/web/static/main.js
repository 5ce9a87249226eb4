// Which view is shown, by the hash of the address; the header; the theme.
//
// A view is a module with `show(root, parameters, about)`: it fills `root`, and returns what ends it (a
// function or nothing). `parameters` is the part after "?" of the hash, `about` what /api/about tells.

import { clearAlerts, complain, el, get, loaded } from "./ui.js";

const TITLES = { file: "File", library: "Library", compare: "Compare", models: "Models", training: "Training" };
const LOADERS = {
  file: () => import("./file.js"),
  library: () => import("./library.js"),
  compare: () => import("./compare.js"),
  models: () => import("./models.js"),
  training: () => import("./training.js"),
};
const main = document.getElementById("main");
let about = null, close = null, turn = 0, shown = "";

function useTheme(theme) {
  const next = { system: "light", light: "dark", dark: "system" };
  const root = document.documentElement, button = document.getElementById("theme");
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
  button.onclick = () => {
    localStorage.setItem("theme", next[theme]);
    useTheme(next[theme]);
  };
  dispatchEvent(new Event("nlac-theme"));
}

async function route() {
  const [name, query] = location.hash.replace(/^#\/?/, "").split("?");
  const view = name in LOADERS ? name : "file", mine = ++turn;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${TITLES[view]} \u2013 nlac`;
  try {
    const told = about ?? get("about").then((answer) => { about = answer; });
    const [module] = await Promise.all([loaded(LOADERS[view]()), told]);
    if (mine !== turn) return;
    close?.();
    close = null;
    clearAlerts();
    const root = el("div.view");
    main.replaceChildren(root);
    if (shown && shown !== view) main.focus({ preventScroll: true });
    shown = view;
    const ended = await module.show(root, new URLSearchParams(query), about);
    if (mine === turn) close = ended;
    else ended?.();
  } catch (error) {
    if (mine === turn) complain(error);
  }
}

async function begin() {
  useTheme(localStorage.getItem("theme") ?? "system");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("nlac-theme")));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  addEventListener("hashchange", route);
  addEventListener("nlac-back", route);
  await route();
  if (!about) return;
  document.getElementById("version").textContent = about.version;
  const there = { library: about.folder != null, models: about.models, training: about.training };
  for (const [view, is] of Object.entries(there)) document.querySelector(`[data-view=${view}]`).hidden = !is;
  // for benchmarks/page.py
  performance.mark("ready");
}

begin();
