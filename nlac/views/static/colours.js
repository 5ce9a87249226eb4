// Colours of pictures: those of the style sheet as they are now, and the maps of spectrograms.

const NAMES = ["card", "ink", "soft", "line", "edge", "fill", "a", "b", "c", "d", "e"];

// from silence to full scale; both become steadily darker, or steadily lighter
const LIGHT = ["#ffffff", "#eef0e6", "#c3d9cd", "#7fb5ae", "#3b7f8c", "#3d4f7d", "#472a5c", "#2a0d2e", "#12040f"];
const DARK = ["#14151a", "#1e1b33", "#3d1f57", "#712563", "#a83a5c", "#d65f48", "#ee9446", "#f8cc74", "#fdf7d8"];

/** Return the colours of the page as canvases take them, and whether it is dark. */
export function look(root) {
  const probe = document.createElement("i");
  root.append(probe);
  const colours = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  const [red, green, blue] = colours.card.match(/[\d.]+/g).map(Number);
  return { ...colours, dark: red + green + blue < 384 };
}

/** Colours that tell several things apart. */
export const series = (colours) => [colours.a, colours.b, colours.c, colours.d, colours.e, colours.soft];

const maps = {};

/** 256 colours of a spectrogram, as four bytes each. */
export function colourMap(dark) {
  return (maps[dark] ??= interpolate(dark ? DARK : LIGHT));
}

function interpolate(stops) {
  const parts = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  const map = new Uint8ClampedArray(1024);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (parts.length - 1), left = Math.min(Math.floor(place), parts.length - 2);
    for (let k = 0; k < 3; k++) {
      map[4 * i + k] = parts[left][k] + (place - left) * (parts[left + 1][k] - parts[left][k]);
    }
    map[4 * i + 3] = 255;
  }
  return map;
}

/** A picture of the bytes of a spectrogram, from -100 dB on: what is below is noise of the paper. */
export function spectrogramPicture(bytes, width, height, dark) {
  const map = colourMap(dark), picture = document.createElement("canvas");
  picture.width = width;
  picture.height = height;
  const image = new ImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  const colours = new Uint32Array(map.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[Math.max(0, Math.round((bytes[i] - 42) * 1.2))];
  picture.getContext("2d").putImageData(image, 0, 0);
  return picture;
}

/** Decibels below full scale that a byte of a spectrogram stands for. */
export const decibels = (byte) => (byte / 255) * 120 - 120;
