// Files from the user's machine: choosing, dropping, sending.

import { address, button, el, messageOf, Refused, say, Unreachable } from "./ui.js";
import { isolated, size } from "./format.js";

/** Send a file; `tell` hears the share that has gone. */
export function upload(file, tell, signal) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", address("uploads", { name: file.name }));
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.responseType = "json";
    sending.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total);
    sending.onload = () => {
      if (sending.status < 300 && sending.response) resolve(sending.response);
      else reject(new Refused(sending.status, messageOf(sending.status, sending.response)));
    };
    sending.onerror = () => reject(new Unreachable());
    sending.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => sending.abort());
    sending.send(file);
  });
}

/**
 * Take a file, show how far it has gone, and return what the server says of it.
 * @param {HTMLElement} place where the progress is shown
 * @param {File} file
 * @param {{upload_limit_bytes: number}} about
 */
export async function take(place, file, about) {
  if (file.size > about.upload_limit_bytes) {
    const limit = size(about.upload_limit_bytes);
    throw new Refused(413, `${isolated(file.name)} has ${size(file.size)}; this server takes files up to ${limit}. ` +
      "The command nlac encode has no such limit.");
  }
  const control = new AbortController(), bar = el("progress", { max: 1, value: 0, "aria-label": "Sent" });
  const before = [...place.childNodes];
  place.replaceChildren(el("p", {}, `Sending ${isolated(file.name)}, ${size(file.size)}`), bar,
    button("Stop", () => control.abort()));
  say(`Sending ${file.name}.`);
  try {
    return await upload(file, (share) => { bar.value = share; }, control.signal);
  } catch (error) {
    place.replaceChildren(...before);
    throw error;
  }
}

/** A button that lets the user choose a file. */
export function chooser(text, chosen, given = {}) {
  const input = el("input", {
    type: "file", hidden: true, accept: "audio/*,.nlac,.w64,.rf64,.bwf,.aif,.aiff,.caf,.wv",
    on: { change: () => { if (input.files[0]) chosen(input.files[0]); input.value = ""; } },
  });
  return el("span", {}, button(text, () => input.click(), given), input);
}

/** Take files that are dropped on something. */
export function droppable(place, dropped, signal) {
  let depth = 0;
  const on = (type, handler) => place.addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    handler(event);
    place.classList.toggle("over", depth > 0);
  }, { signal });
  on("dragenter", () => { depth++; });
  on("dragleave", () => { depth--; });
  on("dragover", () => {});
  on("drop", (event) => { depth = 0; if (event.dataTransfer.files[0]) dropped(event.dataTransfer.files[0]); });
}
