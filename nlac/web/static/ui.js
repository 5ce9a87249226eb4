// What all views share: elements, requests, messages.

import { isolated } from "./format.js";

/**
 * Make an element.
 * @param {string} tag name, with classes as in "p.soft.small"
 * @param {object} [given] attributes; `on` (handlers), `style` and `data` are objects; null and false are left out
 * @param {...(Node|string|null)} children
 */
export function el(tag, given = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (value == null || value === false) continue;
    if (key === "on") for (const [type, handler] of Object.entries(value)) made.addEventListener(type, handler);
    else if (key === "style") Object.assign(made.style, value);
    else if (key === "data") Object.assign(made.dataset, value);
    else if (key === "value" || key === "checked" || key === "disabled") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

export const button = (text, click, given = {}) => el("button",
  { type: "button", ...given, on: { click, ...given.on } }, text);

/** The server does not answer. */
export class Unreachable extends Error {
  constructor() { super("The server does not answer. It may have been stopped."); }
}

/** What the server refuses, in its words. */
export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

/** The address of something under /api, with its parameters. */
export function address(path, parameters = {}) {
  const told = Object.entries(parameters).filter(([, value]) => value != null && value !== "");
  return `api/${path}${told.length ? "?" : ""}${new URLSearchParams(told)}`;
}

/** What is said where the server wants its token. */
const NO_TOKEN = "This page needs the address that nlac serve printed, with its token.";

/** The error that a recording is not there any more. */
export const gone = (ref) => new Error(ref.startsWith("library:")
  ? `This file is not in the folder any more: ${isolated(ref.slice("library:".length))}`
  : "This recording is no longer here. Files that were sent go away when the server stops; choose it again.");

/** A module that is imported; where the server is away or wants its token, the error says so. */
export async function loaded(module) {
  try {
    return await module;
  } catch {
    await request("about");
    throw new Error("A part of this page was not sent. Load the page again.");
  }
}

export function messageOf(status, body) {
  if (status === 401) return NO_TOKEN;
  const detail = body?.detail;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail) && detail[0]?.msg) return detail.map((each) => each.msg).join("; ");
  return `The server answered with the error ${status}.`;
}

export async function request(path, parameters, given = {}) {
  let answer;
  try {
    answer = await fetch(address(path, parameters), given);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
  if (answer.ok) return answer;
  throw new Refused(answer.status, messageOf(answer.status, await answer.json().catch(() => null)));
}

export const get = async (path, parameters, signal) => (await request(path, parameters, { signal })).json();

export async function post(path, body) {
  const answer = await request(path, {}, {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
  });
  return answer.json();
}

export const remove = (path) => request(path, {}, { method: "DELETE" });

/**
 * Follow the `state` events of something; connects again when the server was away.
 * @param {string} path below /api
 * @param {(state: object) => void} tell called with each state
 * @param {(error: Error) => void} [failed] called once if there is no such thing (any more)
 * @returns {() => void} ends it
 */
export function follow(path, tell, failed = () => {}) {
  let events, timer, over = false;
  const end = () => { over = true; clearTimeout(timer); events?.close(); };
  const open = () => {
    events = new EventSource(address(path));
    events.addEventListener("state", (event) => tell(JSON.parse(event.data)));
    events.addEventListener("end", end);
    events.onerror = async () => {
      events.close();
      if (over) return;
      try {
        await get(path.replace(/\/events$/, ""));
      } catch (error) {
        if (!(error instanceof Unreachable)) { end(); failed(error); return; }
        reportUnreachable();
      }
      if (!over) timer = setTimeout(open, 1000);
    };
  };
  open();
  return end;
}

/** Say something to screen readers. */
export function say(text) {
  document.getElementById("live").textContent = text;
}

/** Show an error until it is closed; one that the server is away, until it is back. */
export function complain(error) {
  if (error.name === "AbortError") return;
  if (error instanceof Unreachable) { reportUnreachable(); return; }
  const box = el("div.alert", {}, el("span", {}, error.message),
    button("Close", () => box.remove(), { class: "quiet" }));
  document.getElementById("alerts").replaceChildren(box);
}

export function clearAlerts() {
  document.getElementById("alerts").replaceChildren();
}

let waiting = null;

/** Show that the server is away, and ask until it answers; then views hear `nlac-back`. */
export function reportUnreachable() {
  if (waiting) return;
  const again = async () => {
    clearTimeout(waiting);
    try {
      await get("about");
    } catch (error) {
      if (error instanceof Unreachable) { waiting = setTimeout(again, 1500); return; }
      // another server, with another token
      waiting = null;
      complain(error);
      return;
    }
    waiting = null;
    clearAlerts();
    say("The server answers again.");
    dispatchEvent(new Event("nlac-back"));
  };
  waiting = setTimeout(again, 1500);
  document.getElementById("alerts").replaceChildren(el("div.alert", {},
    el("span", {}, "The server does not answer. If it was stopped, start it again with ",
      el("code", {}, "nlac serve"),
      "; this page connects by itself."),
    button("Try now", again, { class: "quiet" })));
}

/** A code line with a button that copies it. */
export function copyable(text) {
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    say("Copied.");
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  }, { class: "quiet", "aria-label": `Copy: ${text}` });
  return el("div.copyable", {}, el("code", {}, text), copy);
}

/** Call something when nothing more came for a while. */
export function settled(call, milliseconds) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(call, milliseconds, ...given); };
}

/** The file that a link leads to, kept out of the page's history. */
export const download = (text, path, parameters, given = {}) =>
  el("a.button", { href: address(path, parameters), download: "", ...given }, text);

const RECENT = 12;

/** Recordings that were opened last: refs and names. */
export const recent = () => JSON.parse(sessionStorage.getItem("recent") ?? "[]");

/** Remember that a recording was opened. */
export function recall({ ref, name }) {
  const others = recent().filter((each) => each.ref !== ref);
  sessionStorage.setItem("recent", JSON.stringify([{ ref, name }, ...others].slice(0, RECENT)));
}
