// Pointers, wheel and keys of lanes.

const CLICK_PIXELS = 4;

/** Let lanes hear what the user does, until the signal ends it. */
export function listen(lanes, signal) {
  const { stack, view } = lanes;
  pointers(lanes, signal);
  drag(lanes.axis, signal, (moved) => { view.pan((-moved / view.width) * view.span); lanes.changed(); });
  drag(lanes.range, signal, (moved) => { view.pan((moved / view.width) * view.frames); lanes.changed(); });
  stack.addEventListener("wheel", (event) => wheel(lanes, event), { signal, passive: false });
  stack.addEventListener("keydown", (event) => {
    if (!event.altKey && !event.metaKey && key(lanes, event)) event.preventDefault();
  }, { signal });
}

const place = (lanes, event) => event.clientX - lanes.stack.getBoundingClientRect().left;

/** The wheel zooms with Ctrl, where a touchpad is pinched, or when the lanes were clicked; else the page scrolls. */
function wheel(lanes, event) {
  const { view } = lanes, sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  const unit = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 400 : 1;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    view.pan(((sideways * unit) / view.width) * view.span);
  } else if (event.ctrlKey || event.metaKey || document.activeElement === lanes.stack) {
    event.preventDefault();
    // a touchpad that is pinched tells small steps
    const isPinch = event.ctrlKey && !event.deltaMode && Math.abs(event.deltaY) < 50;
    view.zoom(Math.exp(-event.deltaY * unit * (isPinch ? 0.012 : 0.002)), view.frame(place(lanes, event)));
  } else return;
  lanes.changed();
}

/** A mouse hovers, clicks and selects; a finger hovers and pans; two fingers zoom. */
function pointers(lanes, signal) {
  const { stack, view } = lanes, down = new Map();
  let begun = null;
  const hover = (event) => {
    const lane = event.target.closest?.(".lane") ?? null;
    lanes.hover = view.frame(place(lanes, event));
    lanes.hoverLane = lane?.dataset.lane ?? null;
    lanes.hoverY = lane && event.clientY - lane.querySelector("canvas").getBoundingClientRect().top;
    lanes.place();
  };
  stack.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    down.set(event.pointerId, place(lanes, event));
    const x = place(lanes, event);
    begun = { x, frame: view.frame(x), start: view.start, span: view.span, moved: false, spread: spread(down) };
    if (event.pointerType === "mouse") stack.setPointerCapture(event.pointerId);
  }, { signal });
  stack.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) { hover(event); return; }
    const x = place(lanes, event);
    down.set(event.pointerId, x);
    if (down.size === 2 && begun.spread) {
      const [one, other] = [...down.values()], middle = (one + other) / 2;
      const span = (begun.span * begun.spread.distance) / Math.max(12, Math.abs(one - other));
      view.set(begun.spread.frame(begun) - (middle / view.width) * Math.min(span, view.frames), span);
      begun.moved = true;
      lanes.changed();
    } else if (down.size === 1 && (begun.moved || Math.abs(x - begun.x) > CLICK_PIXELS)) {
      begun.moved = true;
      if (event.pointerType === "mouse" && !event.shiftKey) {
        const frame = view.frame(x);
        lanes.select(Math.min(begun.frame, frame), Math.max(begun.frame, frame));
      } else {
        view.set(begun.start - ((x - begun.x) / view.width) * view.span, view.span);
        lanes.changed();
      }
    }
  }, { signal });
  const up = (event) => {
    if (!down.delete(event.pointerId) || event.type === "pointercancel") return;
    if (!begun.moved) {
      if (lanes.selection) lanes.select(0, 0);
      lanes.seek(view.frame(place(lanes, event)));
    }
    if (down.size === 1) begun = { ...begun, x: [...down.values()][0], start: view.start, spread: null };
  };
  for (const type of ["pointerup", "pointercancel"]) stack.addEventListener(type, up, { signal });
  stack.addEventListener("pointerleave", () => { lanes.hover = lanes.hoverLane = null; lanes.place(); }, { signal });

  function spread(points) {
    if (points.size !== 2) return null;
    const [one, other] = [...points.values()], share = (one + other) / 2 / view.width;
    return { distance: Math.max(12, Math.abs(one - other)), frame: ({ start, span }) => start + share * span };
  }
}

function drag(element, signal, moved) {
  element.addEventListener("pointerdown", (event) => {
    let x = event.clientX;
    const ending = new AbortController();
    element.setPointerCapture(event.pointerId);
    const on = (type, handler) => element.addEventListener(type, handler, { signal: ending.signal });
    on("pointermove", (next) => { moved(next.clientX - x); x = next.clientX; });
    for (const type of ["pointerup", "pointercancel"]) on(type, () => ending.abort());
  }, { signal });
}

/** What a key does; whether it does anything. */
function key(lanes, event) {
  const { view, cursor, source } = lanes, step = Math.max(1, view.span / 100) * (event.ctrlKey ? 10 : 1);
  const move = (frame) => {
    const selected = lanes.selection;
    lanes.seek(Math.floor(frame));
    if (event.shiftKey) {
      const atStop = selected && Math.abs(selected.stop - cursor) < Math.abs(selected.start - cursor);
      const fixed = selected && (atStop ? selected.start : selected.stop);
      lanes.select(Math.min(fixed ?? cursor, lanes.cursor), Math.max(fixed ?? cursor, lanes.cursor));
    }
    const before = view.start;
    view.show(lanes.cursor);
    if (view.start !== before) lanes.changed();
  };
  switch (event.key) {
    case "ArrowLeft": move(cursor - step); break;
    case "ArrowRight": move(cursor + step); break;
    case "Home": move(0); break;
    case "End": move(source.frames - 1); break;
    case "PageUp": case "PageDown": {
      view.pan((event.key === "PageUp" ? -0.8 : 0.8) * view.span);
      lanes.changed();
      break;
    }
    case "+": case "=": lanes.zoom(2); break;
    case "-": case "_": lanes.zoom(0.5); break;
    case "0": lanes.whole(); break;
    case "ArrowUp": lanes.loudness(1.5); break;
    case "ArrowDown": lanes.loudness(1 / 1.5); break;
    case "Enter": if (lanes.selection) lanes.see(lanes.selection.start, lanes.selection.stop); break;
    case "Escape": lanes.select(0, 0); break;
    case " ": lanes.given.toggle?.(); break;
    default: return false;
  }
  return true;
}
