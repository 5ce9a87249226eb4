// A player that goes from one recording to another at the same position.

import { time } from "./format.js";
import { button, el, say } from "./ui.js";

export class Player {
  /**
   * @param {{key: string, label: string, url: string}[]} choices recordings of the same length
   * @param {number} seconds
   * @param {(seconds: number) => void} moved hears the position while it plays
   * @param {(message: string) => void} failed
   */
  constructor(choices, seconds, moved, failed) {
    this.seconds = seconds;
    this.moved = moved;
    this.failed = failed;
    this.elements = new Map();
    this.buttons = [];
    this.loop = null;
    this.at = 0;
    this.button = button("\u25b6 Play", () => this.toggle(), { class: "play" });
    this.choice = el("div.segmented", { role: "group", "aria-label": "Listen to" });
    this.clock = el("span.number.soft", {});
    this.repeat = el("input", { type: "checkbox" });
    this.volume = el("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": "Volume",
      on: { input: () => this.level() } });
    this.volume.value = 1;
    this.root = el("div.row", { role: "group", "aria-label": "Player" }, this.button, this.choice, this.clock,
      el("label.choice.small.soft", {}, this.repeat, "repeat the selection"), el("span.push.wide", {}, this.volume));
    this.offer(choices);
    this.tell();
  }

  /** Let the user choose among other recordings. */
  offer(choices) {
    const urls = new Map(choices.map(({ key, url }) => [key, url]));
    for (const [key, audio] of this.elements) {
      if (urls.get(key) === audio.dataset.url) continue;
      audio.pause();
      audio.remove();
      this.elements.delete(key);
    }
    this.choices = choices;
    // buttons that stay are not replaced: a click on one would be lost
    const kept = new Map(this.buttons.map((each) => [each.dataset.key, each]));
    this.buttons = choices.map(({ key, label }) => kept.get(key) ?? button(label, () => this.use(key), { data: { key } }));
    for (const each of kept.values()) if (!urls.has(each.dataset.key)) each.remove();
    this.choice.append(...this.buttons.filter((each) => !each.isConnected));
    this.use(choices.some(({ key }) => key === this.key) ? this.key : choices[0].key);
  }

  element(key) {
    let audio = this.elements.get(key);
    if (audio) return audio;
    const { url, label } = this.choices.find((each) => each.key === key);
    audio = el("audio", { preload: "metadata", src: url, data: { key, url } });
    audio.addEventListener("error", () => {
      const why = audio.error?.code === 2 ? "the server does not send it"
        : "the server refuses it, or the browser cannot read it";
      this.failed(`The ${label} cannot be played: ${why}.`);
    });
    for (const type of ["play", "pause", "ended"]) audio.addEventListener(type, () => this.tell());
    audio.volume = this.volume.value;
    this.elements.set(key, audio);
    this.root.append(audio);
    return audio;
  }

  get audio() { return this.element(this.key); }
  get playing() { return !this.audio.paused && !this.audio.ended; }

  /** Go to another recording, at the same position. */
  use(key) {
    const old = this.key && this.choices.some((each) => each.key === this.key) ? this.audio : null;
    const next = this.element(key), plays = old && !old.paused && !old.ended;
    this.key = key;
    for (const each of this.buttons) each.setAttribute("aria-pressed", String(each.dataset.key === key));
    if (old === next) return;
    next.currentTime = old ? old.currentTime : this.at;
    if (!plays) return;
    next.addEventListener("playing", () => {
      const late = old.currentTime - next.currentTime;
      old.pause();
      if (Math.abs(late) > 0.04) next.currentTime += late;
    }, { once: true });
    next.play().catch(() => old.pause());
  }

  level() {
    for (const audio of this.elements.values()) audio.volume = this.volume.value;
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.loop && (this.at < this.loop.start || this.at >= this.loop.stop)) this.seek(this.loop.start);
    else if (this.at >= this.seconds - 0.01) this.seek(0);
    this.audio.play().catch((error) => error.name === "AbortError" ||
      this.failed(`It cannot be played: ${error.message}`));
  }

  pause() {
    for (const audio of this.elements.values()) audio.pause();
  }

  /** Go to a position, in seconds. */
  seek(seconds) {
    this.at = seconds;
    this.audio.currentTime = seconds;
    this.tell();
  }

  /** Play only a part, in seconds; null for all. */
  only(loop) { this.loop = loop; }

  tell() {
    const plays = this.playing;
    this.button.textContent = plays ? "\u2016 Pause" : "\u25b6 Play";
    this.clock.textContent = `${time(this.at, 1)} / ${time(this.seconds, 1)}`;
    if (plays && !this.frame) this.step();
  }

  step() {
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.at = this.audio.currentTime;
      if (this.loop && this.at >= this.loop.stop) {
        if (this.repeat.checked) this.seek(this.loop.start);
        else { this.pause(); this.seek(this.loop.stop); say("End of the selection."); }
      }
      this.moved(this.at);
      this.tell();
    });
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.frame = -1;
    for (const audio of this.elements.values()) {
      audio.pause();
      audio.removeAttribute("src");
      audio.load();
    }
  }
}
