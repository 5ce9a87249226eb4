// The view of one recording: a place to drop it, and what is shown of it.

import { size } from "./format.js";
import { chooser, droppable, take } from "./upload.js";
import { complain, el, get, gone, loaded, recall, settled } from "./ui.js";

export async function show(root, parameters, about) {
  const ref = parameters.get("ref"), control = new AbortController();
  const open = async (file) => {
    const place = root.querySelector(".sending") ?? root;
    try {
      const sent = await take(place, file, about);
      location.hash = `#/file?${new URLSearchParams({ ref: sent.ref })}`;
    } catch (error) {
      complain(error);
    }
  };
  droppable(root, open, control.signal);
  let recording = null;
  const look = async () => {
    const [facts, { Recording }] = await Promise.all([get("facts", { ref }), loaded(import("./recording.js"))]);
    recall(facts);
    recording?.end();
    root.replaceChildren();
    recording = new Recording(root, facts, about, open, settled(check, 300));
  };
  /** A view of it was refused: it may be gone, or another than it was. */
  const check = async () => {
    try {
      const { frames, bytes } = await get("facts", { ref }, control.signal), old = recording.facts;
      if (control.signal.aborted || (frames === old.frames && bytes === old.bytes)) return;
      await look();
      complain(new Error("This file has changed. It is shown as it is now."));
    } catch (error) {
      complain(error.status === 404 ? gone(ref) : error);
    }
  };
  if (ref) {
    try {
      await look();
      recording.resume(parameters.get("job"));
    } catch (error) {
      if (error.status !== 404) throw error;
      complain(gone(ref));
    }
  }
  if (!recording) root.append(empty(about, open));
  return () => { control.abort(); recording?.end(); };
}

function empty(about, open) {
  const library = about.folder == null ? null : el("p.small.soft", {}, "Or open one from the ",
    el("a", { href: "#/library" }, "library"), ".");
  return el("section.drop.sending", { "aria-label": "Choose a recording" },
    el("h1", {}, "Drop a recording here"),
    el("p.soft", {}, "WAV, AIFF, W64, FLAC, .nlac and others, up to ", size(about.upload_limit_bytes)),
    chooser("Choose a file", open, { class: "primary" }),
    library,
    el("p.small.soft", {}, "It is encoded on this server only, proved to come back byte for byte, " +
      "shown and played. Nothing leaves this server."));
}
