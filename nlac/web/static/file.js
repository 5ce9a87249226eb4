// The view of one recording: a place to drop it, and what is shown of it.

import { size } from "./format.js";
import { chooser, droppable, take } from "./upload.js";
import { complain, el, get, recall } from "./ui.js";

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
  if (ref) {
    try {
      const [facts, { Recording }] = await Promise.all([get("facts", { ref }), import("./recording.js")]);
      recall(facts);
      recording = new Recording(root, facts, about, open);
    } catch (error) {
      if (error.status !== 404) throw error;
      complain(new Error("This recording is no longer here. " +
        "Files that were sent go away when the server stops; choose it again."));
    }
  }
  if (!recording) root.append(empty(about, open));
  else recording.resume(parameters.get("job"));
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
