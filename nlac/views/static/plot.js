// A plot with a caption and a line that tells what the pointer is on; for subclasses to draw.

export class Plot {
  /** @param {HTMLElement} root what the plot is added to */
  constructor(root) {
    this.figure = document.createElement("figure");
    this.figure.className = "lane";
    this.canvas = document.createElement("canvas");
    this.canvas.className = "plot";
    this.canvas.setAttribute("role", "img");
    this.caption = document.createElement("figcaption");
    this.readout = document.createElement("div");
    this.readout.className = "lanes-readout";
    this.figure.append(this.caption, this.canvas);
    root.append(this.figure, this.readout);
    this.ending = new AbortController();
    const { signal } = this.ending;
    addEventListener("nlac-theme", () => this.draw(), { signal });
    this.canvas.addEventListener("pointermove", (event) => this.read(event.offsetX), { signal });
    this.canvas.addEventListener("pointerleave", () => { this.readout.textContent = ""; }, { signal });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.figure);
  }

  /** Give the canvas its size in pixels of the screen; its width, or 0 if it is not seen. */
  resize(height) {
    const width = this.canvas.clientWidth, scale = devicePixelRatio || 1;
    if (!width) return 0;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.style.height = `${height}px`;
    this.canvas.getContext("2d").scale(scale, scale);
    return width;
  }

  end() {
    this.ending.abort();
    this.observer.disconnect();
  }
}
